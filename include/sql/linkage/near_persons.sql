-- Grain: person who can stand in a pair with one of the records. Key: unique_id. Inputs: ${known}, ${records}.
-- Every block of the model holds pairs that agree on the birth date, as written or swapped, or on two of the three
-- names (auyl/linkage/persons/model.py, BLOCKING): who agrees with no record so need not be looked at sixteen times.
select k.*
from ${known} as k
where
    k.born in (
        select born from ${records}
        union
        select born_swapped from ${records}
    )
    or k.born_swapped in (select born from ${records})
    or (k.surname, k.given_name) in (
        select (surname, given_name) from ${records}
        union
        select (given_name, surname) from ${records}
    )
    or (k.surname, k.patronymic) in (select (surname, patronymic) from ${records})
    or (k.given_name, k.patronymic) in (select (given_name, patronymic) from ${records})
