-- Grain: address. Key: rca. Inputs: typed (address_register).
select
    rca,
    ats_id,
    kato,
    street_type,
    street_name,
    building,
    flat,
    case status_code when '1' then 'current' when '2' then 'abolished' end as status,
    created_on,
    updated_on,
    ${row_origin}
from typed
