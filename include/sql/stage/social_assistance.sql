-- Grain: recipient and kind of assistance. Key: iin, kind. Inputs: typed (social_assistance).
select
    row_number,
    iin,
    iin_is_valid(iin) as is_iin_valid,
    person_key(iin) as person_key,
    surname,
    given_name,
    birth_date,
    upper(kind) as kind,
    amount_kzt,
    parse_month(month) as month,
    assigned_on,
    family_account,
    family_members,
    district_name,
    okrug_name,
    settlement_name,
    ${row_origin}
from typed
