-- Grain: person record of the extract. Key: iin. Inputs: typed (population).
-- The district is in the registry's own dictionary; consolidate asks the resolver for the okrug.
select
    iin,
    iin_is_valid(iin) as is_iin_valid,
    person_key(iin) as person_key,
    surname,
    given_name,
    patronymic,
    birth_date,
    death_date,
    death_date__text,
    case sex_code when '1' then 'm' when '2' then 'f' else sex_code end as sex,
    life_status_code,
    coalesce(life_status_code, '0') = '0'
    and death_date is null
    and not coalesce(is_removed, false) as is_alive,
    district_code,
    settlement_name,
    rca,
    street,
    building,
    flat,
    registered_from,
    ${row_origin}
from typed
