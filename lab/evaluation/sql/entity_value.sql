-- Grain: attribute of an entity in either oblast. Key: kind, entity_key, attribute.
-- Inputs: clean_attribute, dirty_attribute (kind, entity_key, attribute, value); rule (kind, attribute, tolerance,
-- which is null unless the attribute is a number, is_sum).
-- outcome: right, wrong, missing (only the clean oblast has it), added (only the dirty one has it).
with paired as (
    select
        kind,
        entity_key,
        attribute,
        c.value as clean_value,
        d.value as dirty_value
    from clean_attribute as c
    full outer join dirty_attribute as d using (kind, entity_key, attribute)
),

measured as (
    select
        p.*,
        r.tolerance,
        r.is_sum,
        case when r.tolerance is not null then p.clean_value::double end as clean_number,
        case when r.tolerance is not null then abs(p.clean_value::double - p.dirty_value::double) end as difference
    from paired as p
    inner join rule as r on p.kind = r.kind and p.attribute = r.attribute
)

select
    kind,
    entity_key,
    attribute,
    is_sum,
    clean_value,
    dirty_value,
    clean_number,
    difference,
    case
        when dirty_value is null then 'missing'
        when clean_value is null then 'added'
        when clean_value = dirty_value or difference <= tolerance then 'right'
        else 'wrong'
    end as outcome
from measured
