-- Grain: place. Key: area_kato, level. Inputs: assistance. One measure per line: lineage reads its filter.
select
    ${area},
    count(distinct person_key) filter (where kind = 'АСП' and amount_kzt > 0) as asp_recipients,
    count(distinct person_key) filter (where kind = 'АСП' and amount_kzt > 0 and is_resident) as asp_residents,
    sum(amount_kzt) filter (where kind = 'АСП') as asp_amount_kzt,
    count(distinct person_key) filter (where kind = 'ИНВ' and amount_kzt > 0) as disability_recipients,
    count(distinct person_key) filter (where amount_kzt > 0 and is_resident) as residents_supported
from assistance
group by ${levels}
