-- Grain: row of ${records}. Key: unique_id. Answer: the columns that the model of persons compares.
-- Inputs: ${records} (unique_id, surname, given_name, patronymic, birth_date, sex, settlement_kato, district_kato).
-- A name key costs half a microsecond and names repeat, so the work is done once for each distinct name.
with spelling as materialized (
    select
        text,
        one_byte(kazakh_letters(text)) as key
    from (select distinct unnest([surname, given_name, patronymic]) as text from ${records})
    where text is not null
)

select
    r.unique_id,
    surname_root(s.key) as surname,
    g.key as given_name,
    patronymic_root(p.key) as patronymic,
    strftime(r.birth_date, '%Y%m%d') as born,
    strftime(r.birth_date, '%Y%d%m') as born_swapped,
    year(r.birth_date)::integer as birth_year,
    strftime(r.birth_date, '%m%d') as birth_day,
    r.sex,
    r.settlement_kato,
    r.district_kato
from ${records} as r
left join spelling as s on r.surname = s.text
left join spelling as g on r.given_name = g.text
left join spelling as p on r.patronymic = p.text
