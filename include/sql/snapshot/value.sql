-- Grain: place and indicator. Key: kato, level, indicator_id. Inputs: area, entry, measured, coverage; ${oblast}, a
-- quoted code.
-- A share of nothing is missing: the denominator is never zero. Rounded once, from exact amounts.
-- An indicator is published down to its grain. What is left beside the parts of a place has no medians and no persons,
-- who may be counted in several places.
-- at_least: a count of rows, and rows are known that it may lack. partial: another value, of less than the share of the
-- rows that its theme asks for, or of some of the reports of a district. Rows that lack are those of the counted
-- registry.
with reported as (
    -- Of a report that each okrug makes, a quotient of a district is that of its okrugs whose both parts are known.
    select
        coalesce(o.district_kato, ${oblast}) as kato,
        case when grouping(o.district_kato) = 0 then 'district' else 'oblast' end as level,
        e.indicator_id,
        count(*) filter (where v.amount is null or (e.per_id is not null and p.amount is null)) as lacking,
        sum(v.amount) filter (where p.amount is not null) as value_amount,
        sum(p.amount) filter (where v.amount is not null) as per_amount
    from area as o
    cross join entry as e
    left join measured as v on o.kato = v.kato and o.level = v.level and e.value_id = v.measure
    left join measured as p on o.kato = p.kato and o.level = p.level and e.per_id = p.measure
    where o.level = 'okrug' and e.is_reported_by_okrug
    group by grouping sets ((o.district_kato, e.indicator_id), (e.indicator_id))
),

parts as (
    select
        a.kato,
        a.level,
        e.*,
        if(r.kato is null or e.per_id is null, v.amount, r.value_amount) as value_amount,
        if(r.kato is null, p.amount, r.per_amount) as per_amount,
        coalesce(r.lacking, 0) as lacking,
        v.lower as median_lower,
        v.upper as median_upper,
        (
            select min(part.covered_pct) from coverage as part
            where part.kato = a.kato and part.level = a.level and list_contains(e.registries, part.registry)
        ) as coverage_pct,
        coalesce(c.near, 0) as near,
        coalesce(c.elsewhere, 0) as elsewhere
    from area as a
    inner join entry as e
        on
            (e.is_by_settlement or a.level not in ('settlement', 'okrug_rest'))
            and (e.is_additive or not ends_with(a.level, '_rest'))
    left join measured as v on a.kato = v.kato and a.level = v.level and e.value_id = v.measure
    left join measured as p on a.kato = p.kato and a.level = p.level and e.per_id = p.measure
    left join reported as r on a.kato = r.kato and a.level = r.level and e.indicator_id = r.indicator_id
    left join coverage as c on a.kato = c.kato and a.level = c.level and e.registry = c.registry
),

limits as (
    select
        *,
        rounded_quotient(value_amount, scale, case when per_id is null then 1 else per_amount end, decimals) as value,
        case kind
            when 'proportion' then scale * wilson_limit(value_amount::double, per_amount::double, -1)
            when 'rate' then scale * poisson_limit(value_amount::double, -1) / nullif(per_amount::double, 0)
            when 'median' then scale * median_lower::double
        end as lower_exact,
        case kind
            when 'proportion' then scale * wilson_limit(value_amount::double, per_amount::double, 1)
            when 'rate' then scale * poisson_limit(value_amount::double, 1) / nullif(per_amount::double, 0)
            when 'median' then scale * median_upper::double
        end as upper_exact
    from parts
)

select
    kato,
    level,
    indicator_id,
    value,
    -- A limit is a float, which may lie on the other side of a half than the value, which is exact.
    case when value is not null and lower_exact is not null
        then least(round(lower_exact, decimals)::decimal(18, 4), value)
    end as lower,
    case when value is not null and lower_exact is not null
        then greatest(round(upper_exact, decimals)::decimal(18, 4), value)
    end as upper,
    round(value_amount, 4)::decimal(18, 4) as numerator,
    round(per_amount, 4)::decimal(18, 4) as denominator,
    case
        when value is null then 'missing'
        when counts_rows and (near > 0 or coverage_pct < 100) then 'at_least'
        when coverage_pct < partial_below_pct or lacking > 0 then 'partial'
        else 'ok'
    end as flag,
    coverage_pct::decimal(5, 1) as coverage_pct,
    as_of,
    near as rows_near,
    elsewhere as rows_elsewhere
from limits
order by kato, level, indicator_id
