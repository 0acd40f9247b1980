-- Grain: place. Key: kato, level. Inputs: ${table}, a core table; rejected, its rejected rows of ${registry}; area;
-- ${oblast}, a quoted code; ${without_rows}, the share of a district of which no row came.
-- covered_pct: counted of all rows of the place; times those whose place within is known of all rows of each larger
-- place: a village of its okrug, an okrug of its district, a district of the oblast. Rows of a town have a place and no
-- okrug; rows of another oblast are not of this one.
-- near: rows of the place that are not counted, and those of its okrug and district whose place within is not known.
-- elsewhere: rows of no place. placed_pct is what the gate asks: placed of the counted rows of the district.
with named as (
    select
        okrug_kato,
        district_kato,
        settlement_kato,
        count(*) as counted,
        0 as rejected
    from ${table}
    group by all
    union all
    select
        okrug_kato,
        district_kato,
        settlement_kato,
        0 as counted,
        sum(rows) as rejected
    from rejected
    where registry = ${registry}
    group by all
),

own as (
    select
        *,
        counted + rejected as n,
        okrug_kato is null and settlement_kato is null and district_kato is not null as is_unplaced
    from named
    where district_kato is null or starts_with(district_kato, left(${oblast}, 2))
),

of_place as (
    select
        coalesce(settlement_kato, okrug_kato, district_kato, ${oblast}) as kato,
        area_level(grouping(settlement_kato, okrug_kato, district_kato)) as level,
        coalesce(sum(counted), 0) as counted,
        coalesce(sum(n), 0) as n,
        -- of an okrug, those of no village; of a district, those of no okrug and no town; of the oblast, of no district
        coalesce(
            case area_level(grouping(settlement_kato, okrug_kato, district_kato))
                when 'okrug' then sum(n) filter (where settlement_kato is null)
                when 'district' then sum(n) filter (where is_unplaced)
                when 'oblast' then sum(n) filter (where district_kato is null)
            end,
            0
        ) as unplaced,
        coalesce(
            sum(counted) filter (where case when district_kato is null then true else is_unplaced end), 0
        ) as unplaced_counted
    from own
    group by grouping sets ((settlement_kato), (okrug_kato), (district_kato), ())
),

parts as (
    select
        a.kato,
        a.level,
        case a.level when 'oblast' then e.n = 0 else d.n is null end as is_empty,
        coalesce(self.counted, 1)::hugeint * coalesce(o.n - o.unplaced, 1) * if(is_within, d.n - d.unplaced, 1)
        * if(a.level = 'oblast', 1, e.n - e.unplaced) as covered,
        coalesce(self.n, 1)::hugeint * coalesce(o.n, 1) * if(is_within, d.n, 1)
        * if(a.level = 'oblast', 1, e.n) as whole,
        coalesce(self.n - self.counted, 0) + coalesce(o.unplaced, 0) + if(is_within, coalesce(d.unplaced, 0), 0)
            as near,
        if(a.level = 'oblast', 0, e.unplaced) as elsewhere,
        100 * (d.counted - d.unplaced_counted) / nullif(d.counted, 0)
        * (1 - u.counted / nullif(e.counted, 0)) as placed_pct
    from (
        select
            *,
            level in ('settlement', 'okrug') as is_within
        from area
        where not ends_with(level, '_rest')
    ) as a
    left join of_place as self on a.kato = self.kato and a.level = self.level
    left join of_place as o on a.level = 'settlement' and a.within = o.kato and o.level = 'okrug'
    left join of_place as d on a.district_kato = d.kato and d.level = 'district'
    cross join (from of_place where level = 'oblast') as e
    cross join (select coalesce(sum(counted) filter (where district_kato is null), 0) as counted from own) as u
)

select
    kato,
    level,
    case
        when is_empty then ${without_rows}
        else (2000 * covered + whole) // nullif(2 * whole, 0)
    end::decimal(5, 0) * 0.1::decimal(2, 1) as covered_pct,
    near::bigint as near,
    elsewhere::bigint as elsewhere,
    case when is_empty then ${without_rows} else placed_pct end as placed_pct
from parts
