-- Grain: place of an edition of KATO. Key: kato, edition. Inputs: typed (territory).
select
    kato,
    edition,
    lower(level) as level,
    type_code,
    homoglyphs_to_cyrillic(name_ru) as name_ru,
    homoglyphs_to_cyrillic(name_kk) as name_kk,
    became_kato,
    changed_on,
    changed_on__text,
    act,
    ${row_origin}
from typed
