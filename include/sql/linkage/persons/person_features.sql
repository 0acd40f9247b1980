-- Grain: row of ${records}. Key: unique_id. Output: the columns that the model of persons compares, and is_plain: each
-- column of the name holds one word that may be what the column says. Others are arranged by arranged_names.sql.
-- Inputs: ${records} (unique_id, surname, given_name, patronymic, birth_date, sex, settlement_kato, district_kato),
-- ${spelling} (person_spelling.sql over the same). Birth dates repeat, so each distinct one is formatted once.
with day as materialized (
    select
        birth_date,
        strftime(birth_date, '%Y%m%d') as born,
        strftime(birth_date, '%Y%d%m') as born_swapped,
        year(birth_date)::integer as birth_year,
        strftime(birth_date, '%m%d') as birth_day
    from (select distinct birth_date from ${records})
)

select
    r.unique_id,
    s.surname,
    null::varchar as surname_other,
    g.key as given_name,
    p.patronymic,
    d.born,
    d.born_swapped,
    d.birth_year,
    d.birth_day,
    r.sex,
    r.settlement_kato,
    r.district_kato,
    coalesce(
        s.shape in ('n', 's', 'p') and g.shape in ('n', 's') and coalesce(p.shape, 'p') in ('n', 's', 'p')
        and not (s.shape = 'p' and coalesce(p.shape, 'p') <> 'p') and not (s.shape = 'n' and g.shape = 's'),
        false
    ) as is_plain
from ${records} as r
left join ${spelling} as s on r.surname = s.text
left join ${spelling} as g on r.given_name = g.text
left join ${spelling} as p on r.patronymic = p.text
left join day as d on r.birth_date = d.birth_date
