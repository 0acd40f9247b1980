-- Grain: call. Key: call_id. Inputs: typed (ambulance). Times are local and carry no zone.
select
    call_id,
    received_at,
    received_at__text,
    category,
    homoglyphs_to_cyrillic(address) as address,
    patient_iin,
    person_key(patient_iin) as patient_key,
    patient_age,
    patient_sex,
    reason,
    brigade,
    dispatched_at,
    arrived_at,
    arrived_at__text,
    finished_at,
    outcome,
    updated_at,
    updated_at__text,
    date_diff('second', received_at, arrived_at) / 60.0 as arrival_min,
    ${row_origin}
from typed
