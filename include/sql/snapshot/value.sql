-- Grain: okrug and indicator. Key: kato, indicator_id. Inputs: okrug, entry, measured, coverage.
-- A share of nothing is missing: the denominator is never zero. Rounded once, from exact amounts.
with parts as (
    select
        o.kato,
        e.*,
        v.amount as value_amount,
        p.amount as per_amount,
        (
            select min(c.placed_pct) from coverage as c
            where c.district_kato = o.district_kato and list_contains(e.registries, c.registry)
        ) as coverage_pct
    from okrug as o
    cross join entry as e
    left join measured as v on o.kato = v.okrug_kato and e.value_id = v.measure
    left join measured as p on o.kato = p.okrug_kato and e.per_id = p.measure
)

select
    kato,
    indicator_id,
    rounded_quotient(value_amount, scale, case when per_id is null then 1 else per_amount end, decimals) as value,
    round(value_amount, 4)::decimal(18, 4) as numerator,
    round(per_amount, 4)::decimal(18, 4) as denominator,
    case when value is null then 'missing' else 'ok' end as flag,
    round(coverage_pct, 1)::decimal(5, 1) as coverage_pct,
    as_of
from parts
order by kato, indicator_id
