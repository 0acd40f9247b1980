-- Grain: spelling of a name. Key: text. Output: text, key (how it sounds), surname and patronymic without their endings,
-- shape (word_shape; o: several words, a double name, or an abbreviation).
-- Inputs: ${names} (surname, given_name, patronymic).
-- A name key costs some microseconds and names repeat, so each distinct spelling is folded once.
select
    text,
    folded(s) as key,
    surname_root(s) as surname,
    patronymic_root(s) as patronymic,
    case when regexp_matches(trim(text), '[\s\pZ.,;:/()«»"_-]') then 'o' else word_shape(s) end as shape
from (
    select
        text,
        nullif(sound(one_byte(kazakh_letters(text))), 'net') as s
    from (
        select distinct surname as text from ${names}
        union
        select distinct given_name from ${names}
        union
        select distinct patronymic from ${names}
    )
    where text is not null
)
