-- Grain: person attached to a clinic. Key: iin. Inputs: typed (clinic_attachment).
select
    iin,
    iin_is_valid(iin) as is_iin_valid,
    person_key(iin) as person_key,
    clinic_bin,
    site_number,
    attached_on,
    ${row_origin}
from typed
