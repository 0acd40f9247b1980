-- Grain: spelling of a name. Key: text. Output: text, key, surname and patronymic without their endings.
-- Inputs: ${names} (surname, given_name, patronymic).
-- A name key costs half a microsecond and names repeat, so each distinct spelling is folded once.
select
    text,
    key,
    surname_root(key) as surname,
    patronymic_root(key) as patronymic
from (
    select
        text,
        one_byte(kazakh_letters(text)) as key
    from (
        select distinct surname as text from ${names}
        union
        select distinct given_name from ${names}
        union
        select distinct patronymic from ${names}
    )
    where text is not null
)
