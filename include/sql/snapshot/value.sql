-- Grain: okrug and indicator. Key: kato, indicator_id. Inputs: okrug, entry, measured, coverage.
-- A share of nothing is missing: the denominator is never zero. Rounded once, from exact amounts.
-- at_least: a count of rows, and rows are known that it may lack. partial: another value, of less than the share of the
-- rows that its theme asks for. Rows that lack are those of the registry that is counted.
with parts as (
    select
        o.kato,
        e.*,
        v.amount as value_amount,
        p.amount as per_amount,
        (
            select min(part.covered_pct) from coverage as part
            where part.okrug_kato = o.kato and list_contains(e.registries, part.registry)
        ) as coverage_pct,
        coalesce(c.near, 0) as near,
        coalesce(c.elsewhere, 0) as elsewhere
    from okrug as o
    cross join entry as e
    left join measured as v on o.kato = v.okrug_kato and e.value_id = v.measure
    left join measured as p on o.kato = p.okrug_kato and e.per_id = p.measure
    left join coverage as c on o.kato = c.okrug_kato and e.registry = c.registry
)

select
    kato,
    indicator_id,
    rounded_quotient(value_amount, scale, case when per_id is null then 1 else per_amount end, decimals) as value,
    round(value_amount, 4)::decimal(18, 4) as numerator,
    round(per_amount, 4)::decimal(18, 4) as denominator,
    case
        when value is null then 'missing'
        when counts_rows and (near > 0 or coverage_pct < 100) then 'at_least'
        when coverage_pct < partial_below_pct then 'partial'
        else 'ok'
    end as flag,
    coverage_pct::decimal(5, 1) as coverage_pct,
    as_of,
    near as rows_near,
    elsewhere as rows_elsewhere
from parts
order by kato, indicator_id
