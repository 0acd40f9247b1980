-- Grain: row of ${rows} whose names are not one word in each column. Key: unique_id.
-- Inputs: ${rows} (unique_id, surname, given_name, patronymic).
-- Output: unique_id, surname, surname_other (the second part of a double surname), given_name, patronymic, in the form
-- in which the model compares them.
-- The words of all columns are read in order, and their shapes tell which is which: «Абаев Ермек Болатович» in one
-- column, «А.Б.», names shifted by a column.
with cell as (
    select
        unique_id,
        unnest([1, 2, 3]) as field,
        unnest([surname, given_name, patronymic]) as text
    from ${rows}
),

-- The words of each distinct text. A surname in brackets is the second of two; «son of» and «daughter of» belong to the
-- word before them.
word as (
    select
        text,
        unnest(words) as word,
        generate_subscripts(words, 1) as place
    from (
        select
            text,
            regexp_split_to_array(
                regexp_replace(
                    regexp_replace(
                        regexp_replace(
                            regexp_replace(text, '(?i)[\s\pZ]*\(([\pL-]+(?:[ое]ва?|ина?|ск(?:ий|ая)))\)', '-\1', 'g'),
                            '\([^)]*\)?', ' ', 'g'
                        ),
                        '[\s\pZ]*-[\s\pZ]*', '-', 'g'
                    ),
                    '(?i)[\s\pZ-]+([ұуuo][лғгg]{0,2}л[ыы]|uly|o[gğ]ly|[қкг][ыи]з[ыи]|[qk]yzy)([\s\pZ.,]|$)', '\1\2', 'g'
                ),
                '[\s\pZ.,;:/()«»"_]+'
            ) as words
        from (select distinct text from cell where text is not null)
    )
),

-- A word whole, and its two parts where it is double: in all three forms the sound is taken once.
part as (
    select
        text,
        place,
        list(nullif(sound(one_byte(name_key)), 'net') order by n) as sounds
    from (
        select
            * exclude (letters),
            name_key(letters) as name_key
        from (
            select
                text,
                place,
                unnest([0, 1, 2]) as n,
                kazakh_letters(unnest([word, split_part(word, '-', 1), split_part(word, '-', 2)])) as letters
            from word
        )
    )
    group by text, place
),

line as (
    select
        c.unique_id,
        list({ 's': p.sounds[1], 'parts': p.sounds[2:3] } order by c.field, p.place) as words,
        [count(*) filter (field = 1), count(*) filter (field = 2), count(*) filter (field = 3)] as counts
    from cell as c inner join part as p on c.text = p.text
    where p.sounds[1] is not null
    group by c.unique_id
),

shaped as (
    select
        *,
        len(words)::integer as n,
        array_to_string(list_transform(words, lambda w: word_shape(w.s)), '') as shapes,
        len(words) in counts as is_one_field
    from line
),

counted as (
    select
        *,
        left(shapes, counts[1]) as first,
        substr(shapes, counts[1] + 1, counts[2]) as second,
        substr(shapes, counts[1] + counts[2] + 1) as third,
        -- the place of the last patronymic, 0 where there is none
        case when contains(shapes, 'p') then n - strpos(reverse(shapes), 'p') + 1 else 0 end as p,
        list_filter(range(1, n + 1), lambda i: shapes[i] <> 'i') as spelled,
        list_filter(range(1, n + 1), lambda i: shapes[i] = 'i') as initials
    from shaped
),

-- the places of the words of the surname, of the given name and of the patronymic
placed as (
    select
        *,
        case
            when n = 1 or (
                regexp_full_match(first, '[nsp]+') and regexp_full_match(second, '[ns]+|i')
                and regexp_full_match(third, '[nsp]+|i|')
                and not (third = '' and (length(second) > 1 or first = 'sn'))
                and not (contains(first, 'p') and third in ('n', 's'))
            )
                then [
                    range(1, counts[1] + 1),
                    range(counts[1] + 1, counts[1] + counts[2] + 1),
                    range(n - counts[3] + 1, n + 1)
                ]
            when n = 0 then [[], [], []]
            when len(initials) > 0 then case
                when len(spelled) = 0 then [[], [1], range(2, n + 1)]
                when len(spelled) = 1 then [spelled, initials[:1], initials[2:2]]
                when len(spelled) = 2 and shapes[spelled[2]] = 'p' then [spelled[:1], initials[:1], spelled[2:2]]
                when len(spelled) = 2 then [spelled[:1], spelled[2:2], initials[:1]]
                else [spelled[:1], spelled[2:2], spelled[3:3]]
            end
            when p = 0 then case
                when n = 2 then [[1], [2], []]
                when n = 3 and shapes = 'nns' then [[3], [1], [2]]
                else [range(1, n - 1), [n - 1], [n]]
            end
            when p = n then case
                when n = 2 and shapes[1] = 's' then [[1], [], [2]]
                when n = 2 then [[], [1], [2]]
                when n = 3 and shapes = 'npp' and is_one_field then [[3], [1], [2]]
                when n = 3 and shapes = 'npp' then [[2], [1], [3]]
                else [range(1, n - 1), [n - 1], [n]]
            end
            when p = 1 then case
                when n = 2 and shapes[2] = 's' then [[2], [], [1]]
                when n = 2 then [[1], [2], []]
                else [range(2, n), [n], [1]]
            end
            when n > 3 then [list_filter(spelled, lambda i: i not in (p - 1, p)), [p - 1], [p]]
            -- given name, patronymic, surname; or, by columns, surname, patronymic, given name
            when (shapes[3] = 's') > (shapes[1] = 's') or (shapes[3] = 's') = (shapes[1] = 's') and is_one_field
                then [[3], [1], [2]]
            else [[1], [3], [2]]
        end as places
    from counted
),

-- a surname in the place of the given name changes places with it
chosen as (
    select
        unique_id,
        words,
        len(places[1]) = 1 and len(places[2]) = 1
        and shapes[places[1][1]] = 'n' and shapes[places[2][1]] = 's' as is_swapped,
        if(is_swapped, places[2], places[1]) as surname_places,
        if(is_swapped, places[1], places[2]) as given_places,
        places[3] as patronymic_places
    from placed
),

joined as (
    select
        unique_id,
        list_filter(
            flatten(list_transform(surname_places, lambda i: words[i].parts)), lambda s: s is not null
        ) as surnames,
        array_to_string(list_transform(given_places, lambda i: words[i].s), '') as given,
        array_to_string(list_transform(patronymic_places, lambda i: words[i].s), '') as father
    from chosen
)

select
    unique_id,
    nullif(folded(surname), '') as surname,
    nullif(folded(surname_other), '') as surname_other,
    nullif(if(word_shape(given) = 'i', left(given, 1), folded(given)), '') as given_name,
    nullif(if(word_shape(father) = 'i', left(father, 1), folded(patronymic)), '') as patronymic
from (
    select
        *,
        surname_root(surnames[1]) as surname,
        surname_root(surnames[2]) as surname_other,
        patronymic_root(father) as patronymic
    from joined
)
