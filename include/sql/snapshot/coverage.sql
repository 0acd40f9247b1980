-- Grain: okrug. Key: okrug_kato. Inputs: ${table}, a core table; rejected, its rejected rows of ${registry}; okrug;
-- ${oblast}, the two digits that codes of the oblast begin with; ${without_rows}, the share of a district of which no
-- row came.
-- covered_pct: counted of all rows of the okrug, times those with an okrug of all rows of the district, times those
-- with a place of all rows. Rows of a town have a place and no okrug; rows of another oblast are not of this one.
-- near: rows of the okrug that are not counted, and those of its district that no okrug has. elsewhere: rows of no
-- place. placed_pct is what the gate asks: placed of the counted rows of the district.
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
    where district_kato is null or starts_with(district_kato, ${oblast})
),

of_okrug as (
    select
        okrug_kato,
        sum(counted) as counted,
        sum(n) as n
    from own
    where okrug_kato is not null
    group by okrug_kato
),

of_district as (
    select
        district_kato,
        sum(n) as n,
        coalesce(sum(n) filter (where is_unplaced), 0) as unplaced,
        sum(counted) as counted,
        coalesce(sum(counted) filter (where not is_unplaced), 0) as placed
    from own
    where district_kato is not null
    group by district_kato
),

everywhere as (
    select
        coalesce(sum(n), 0) as n,
        coalesce(sum(n) filter (where district_kato is null), 0) as unknown,
        coalesce(sum(counted), 0) as counted,
        coalesce(sum(counted) filter (where district_kato is null), 0) as unknown_counted
    from own
),

parts as (
    select
        o.kato as okrug_kato,
        o.district_kato,
        d.n is null as is_empty,
        coalesce(k.counted, 1)::hugeint * (d.n - d.unplaced) * (e.n - e.unknown) as covered,
        coalesce(k.n, 1)::hugeint * d.n * e.n as whole,
        coalesce(k.n - k.counted, 0) + coalesce(d.unplaced, 0) as near,
        e.unknown as elsewhere,
        100 * d.placed / nullif(d.counted, 0) * (1 - e.unknown_counted / nullif(e.counted, 0)) as placed_pct
    from okrug as o
    left join of_okrug as k on o.kato = k.okrug_kato
    left join of_district as d on o.district_kato = d.district_kato
    cross join everywhere as e
)

select
    okrug_kato,
    case
        when is_empty then ${without_rows}
        else (2000 * covered + whole) // nullif(2 * whole, 0)
    end::decimal(5, 0) * 0.1::decimal(2, 1) as covered_pct,
    near::bigint as near,
    elsewhere::bigint as elsewhere,
    case when is_empty then ${without_rows} else placed_pct end as placed_pct
from parts
