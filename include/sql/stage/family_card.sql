-- Grain: family. Key: family_account. Inputs: typed (family_card).
-- A level typed on a Cyrillic keyboard looks the same.
select
    family_account,
    head_iin,
    iin_is_valid(head_iin) as is_iin_valid,
    person_key(head_iin) as head_key,
    members,
    members__text,
    children,
    translate(upper(level), 'АВСЕ', 'ABCE') as level,
    income_per_head_kzt,
    income_per_head_kzt__text,
    kato,
    assessed_on,
    parse_month(month) as month,
    ${row_origin}
from typed
