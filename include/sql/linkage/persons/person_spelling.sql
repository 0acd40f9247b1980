-- Grain: spelling of a name. Key: text. Inputs: ${names} (surname, given_name, patronymic).
-- Output: text, key (how it sounds), surname and patronymic without their endings, shape (word_shape; o: several words,
-- a double name, or an abbreviation).
-- A name key costs some microseconds and names repeat, so each distinct spelling is folded once. The macros repeat
-- their argument, so each step has a query of its own. «Нет» is no name.
select
    text,
    folded(s) as key,
    folded(surname) as surname,
    folded(patronymic) as patronymic,
    case when regexp_matches(trim(text), '[\s\pZ.,;:/()«»"_-]') then 'o' else word_shape(s) end as shape
from (
    select
        text,
        s,
        surname_root(s) as surname,
        patronymic_root(s) as patronymic
    from (
        select
            text,
            nullif(sound(one_byte(name_key)), 'net') as s
        from (
            select
                text,
                name_key(letters) as name_key
            from (
                select
                    text,
                    kazakh_letters(text) as letters
                from (
                    select distinct surname as text from ${names}
                    union
                    select distinct given_name from ${names}
                    union
                    select distinct patronymic from ${names}
                )
                where text is not null
            )
        )
    )
)
