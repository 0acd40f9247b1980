-- Grain: okrug. Key: okrug_kato. Inputs: assistance. One measure per line: lineage reads its filter.
select
    okrug_kato,
    count(distinct person_key) filter (where kind = 'АСП') as asp_recipients,
    sum(amount_kzt) filter (where kind = 'АСП') as asp_amount_kzt,
    count(distinct person_key) filter (where kind = 'ИНВ') as disability_recipients,
    count(distinct person_key) filter (where true) as recipients_any
from assistance
group by okrug_kato
