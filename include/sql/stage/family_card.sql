-- Grain: family. Key: family_account. Inputs: typed (family_card).
-- A level typed on a Cyrillic keyboard looks the same.
select
    family_account,
    head_iin,
    iin_is_valid(head_iin) as is_iin_valid,
    person_key(head_iin) as head_key,
    members,
    children,
    translate(upper(level), 'АВСЕ', 'ABCE') as level,
    income_per_head_kzt,
    kato,
    assessed_on,
    parse_month(month) as month,
    ${row_origin}
from typed
