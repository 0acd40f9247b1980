-- Grain: indicator that the revision before had, or the catalogue has. Key: indicator_id.
-- Inputs: okrug, catalogue, snapshot_value, previous_frame (kato, indicator_id, value, numerator, denominator).
-- Lost is a value that is missing now, or a count that fell to zero; what was made of, or counted, fewer than ten is
-- chance. How many an amount was made of is not known.
with both_revisions as (
    select
        coalesce(n.kato, p.kato) as kato,
        coalesce(n.indicator_id, p.indicator_id) as indicator_id,
        p.value as value_before,
        n.value::double as value_now,
        p.value is not null as had,
        n.value is not null as has,
        p.numerator >= 10 and not ends_with(c.unit, 'kzt') as is_counted,
        coalesce(p.denominator, p.numerator) >= 10 as is_solid
    from (from snapshot_value where level = 'okrug') as n
    full join previous_frame as p on n.kato = p.kato and n.indicator_id = p.indicator_id
    left join catalogue as c on coalesce(n.indicator_id, p.indicator_id) = c.indicator_id
)

select
    indicator_id,
    (select count(*) from okrug) as expected,
    count(*) filter (where had) as had,
    count(*) filter (where has) as has,
    count(*) filter (
        where had and ((not has and is_solid) or (value_before > 0 and value_now = 0 and is_counted))
    ) as lost,
    count(*) filter (where has and not had) as gained,
    sum(value_before) as sum_before,
    coalesce(sum(value_now), 0) as sum_now,
    median(value_before) as median_before,
    median(value_now) as median_now
from both_revisions
group by indicator_id
order by indicator_id
