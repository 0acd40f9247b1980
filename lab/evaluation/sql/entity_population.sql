-- Grain: attribute of a person or a settlement in the ground truth. Key: kind, entity_key, attribute.
-- Inputs: ground_truth_person (iin, okrug_kato, settlement_kato, birth_date, sex, is_alive), the macro person_key.
with person as (
    select
        person_key(iin)::varchar as entity_key,
        okrug_kato,
        settlement_kato,
        birth_date::varchar as birth_date,
        case sex when '1' then 'm' when '2' then 'f' end as sex,
        is_alive::varchar as is_alive
    from ground_truth_person
),

place as (
    select
        settlement_kato as entity_key,
        any_value(okrug_kato) as okrug_kato,
        count(*)::varchar as registered_persons
    from ground_truth_person
    where is_alive
    group by settlement_kato
)

select
    'person' as kind,
    entity_key,
    attribute,
    value
from person unpivot (value for attribute in (okrug_kato, settlement_kato, birth_date, sex, is_alive))
union all
select
    'place' as kind,
    entity_key,
    attribute,
    value
from place unpivot (value for attribute in (okrug_kato, registered_persons))
