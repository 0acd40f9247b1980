-- Grain: person who could stand in a pair with one of a few records. Key: person.
-- Inputs: ${population} (person_key, birth_date), identity, ${spelling} (person_spelling.sql over it),
--         ${records} (features of the records).
-- Every block (auyl/linkage/persons/scoring.py, BLOCKS) holds pairs that agree on the birth date, as written or with
-- day and month swapped, or on two of the three names. Only names that some record bears are joined.
with surname_of_some as (
    select
        text,
        surname
    from ${spelling}
    where
        surname in (
            select surname from ${records}
            union
            select given_name from ${records}
        )
),

given_name_of_some as (
    select
        text,
        key as given_name
    from ${spelling}
    where
        key in (
            select given_name from ${records}
            union
            select surname from ${records}
        )
),

patronymic_of_some as (
    select
        text,
        patronymic
    from ${spelling}
    where patronymic in (select patronymic from ${records})
)

select p.person_key as person
from ${population} as p
where
    p.birth_date in (
        select try_strptime(born, '%Y%m%d')::date from ${records} where born is not null
        union
        select try_strptime(born_swapped, '%Y%m%d')::date from ${records}
        where try_strptime(born_swapped, '%Y%m%d') is not null
    )
union
select i.person_key
from identity as i
left join surname_of_some as s on i.surname = s.text
left join given_name_of_some as g on i.given_name = g.text
left join patronymic_of_some as f on i.patronymic = f.text
where
    (s.surname, g.given_name) in (
        select (surname, given_name) from ${records}
        union
        select (given_name, surname) from ${records}
    )
    or (s.surname, f.patronymic) in (select (surname, patronymic) from ${records})
    or (g.given_name, f.patronymic) in (select (given_name, patronymic) from ${records})
