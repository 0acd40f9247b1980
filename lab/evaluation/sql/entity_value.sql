-- Grain: attribute of an entity that either oblast has. Key: kind, entity_key, attribute.
-- Inputs: clean_attribute, dirty_attribute (kind, entity_key, attribute, value); rule (kind, attribute, tolerance, null
-- where it is no number, is_sum).
-- outcome: right, wrong, missing (the clean oblast has it alone), added (the dirty one has it alone).
with paired as (
    select
        kind,
        entity_key,
        attribute,
        c.value as was,
        d.value as became
    from clean_attribute as c
    full outer join dirty_attribute as d using (kind, entity_key, attribute)
),

measured as (
    select
        p.*,
        r.tolerance,
        r.is_sum,
        case when r.tolerance is not null then p.was::double end as was_number,
        case when r.tolerance is not null then abs(p.was::double - p.became::double) end as apart
    from paired as p
    inner join rule as r on p.kind = r.kind and p.attribute = r.attribute
)

select
    kind,
    entity_key,
    attribute,
    is_sum,
    was,
    became,
    was_number,
    apart,
    case
        when became is null then 'missing'
        when was is null then 'added'
        when was = became or apart <= tolerance then 'right'
        else 'wrong'
    end as outcome
from measured
