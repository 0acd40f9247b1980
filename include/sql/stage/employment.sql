-- Grain: jobseeker record. Key: iin. Inputs: typed (employment).
select
    jobseeker_id,
    iin,
    iin_is_valid(iin) as is_iin_valid,
    person_key(iin) as person_key,
    surname,
    given_name,
    birth_date,
    registered_on,
    upper(status) as status,
    placed_on,
    placed_on__text,
    placement_kind,
    kato,
    settlement_name,
    education,
    profession,
    ${row_origin}
from typed
