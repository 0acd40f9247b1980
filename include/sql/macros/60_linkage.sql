-- Names as linkage compares them: as they sound, one byte a letter, without the endings that only tell sex, father or
-- language.
-- DuckDB's distances count bytes, so a Cyrillic letter would count twice and different letters would half agree.
-- Costly (some µs a value): take them over distinct values. They repeat their argument: give them columns.

-- A name key with Cyrillic in place of Latin letters, by the passport tables of several years, the Kazakh alphabet of
-- 2021, ISO 9 and habit: Zhanat, Janat, Djanat and Žanat are «жанат». «j» is ж, but й after a vowel that none follows.
create or replace macro latin_to_cyrillic(key) as
    case
        when regexp_matches(key, '[a-zß-žə]')
            then translate(
                regexp_replace(regexp_replace(regexp_replace(
                    regexp_replace(regexp_replace(regexp_replace(
                        regexp_replace(regexp_replace(regexp_replace(regexp_replace(
                            key,
                            '([aeiouyäöüūəı])j([^aeiouyäöüūəı]|$)', '\1i\2', 'g'),
                            'sh?ch|sh|[şšŝ]', 'ш', 'g'),
                            'ch|[çč]', 'ч', 'g'),
                            'd?zh|dj|ž', 'ж', 'g'),
                        'kh', 'х', 'g'), 'gh|ğ', 'г', 'g'), 'ts', 'ц', 'g'),
                'y[eo]', 'е', 'g'), 'û', 'ю', 'g'), 'â', 'я', 'g'),
                'abcdefghijklmnopqrstuvwyzäëèéñöüūïəı',
                'абцдефгхижклмнопкрстувуизаеееноуууиаи'
            )
        else key
    end;

-- A name key in signs of one byte each. What Russian and Kazakh spelling have in common is folded by name_key already.
create or replace macro one_byte(key) as
    translate(latin_to_cyrillic(key), 'абвгдежзийклмнопрстуфхцчшщыэюя', 'abvgde1zijklmnoprstufhc4w5yeqx');

-- How a name in signs of one byte sounds: й, ы and и are one, so are ш and щ, дж and ж, ей and ай; ю and я are two
-- sounds. Джанат and Жанат, Әлия and Aliya agree.
create or replace macro sound(key) as
    replace(replace(replace(replace(translate(key, 'jy5', 'iiw'), 'q', 'iu'), 'x', 'ia'), 'd1', '1'), 'ei', 'ai');

-- A sound as it is compared: a letter written twice is one, and the last consonant is voiceless, as it is spoken. Ахмед
-- and Ахмет, Мурад and Мурат, Алмаз and Алмас agree.
create or replace macro folded(s) as
    list_transform(
        [
            case
                when regexp_matches(s, 'aa|bb|cc|dd|ee|ff|gg|hh|ii|kk|ll|mm|nn|oo|pp|rr|ss|tt|uu|vv|ww|zz|11|44')
                    then array_to_string(list_transform(
                        range(1, length(s) + 1), lambda n: if(s[n] = s[n - 1], '', s[n])
                    ), '')
                else s
            end
        ],
        lambda x: case
            when length(x) > 1 and right(x, 1) in ('b', 'd', 'g', 'z')
                then left(x, -1) || translate(right(x, 1), 'bdgz', 'ptks')
            else x
        end
    )[1];

-- The sound of a surname without its ending: Абаев, Абаева, Abayev and Абайұлы are «aba»; «ким», «бек» stay as they
-- are.
create or replace macro surname_root(s) as
    case
        when length(s) >= 5
            then regexp_replace(
                s, '(?:i?(?:ul+i+|[ou]gli|[kg]iz+i+)|(?:o[vf]|e[vf]|in)(?:i4|na|a)?|skii?|skaia)$', ''
            )
        else s
    end;

-- The father's name in the sound of a patronymic: Ермекұлы, Ермекқызы, Ермекович and Ермековна are «ermek».
create or replace macro patronymic_root(s) as
    case
        when length(s) >= 4
            then regexp_replace(s, '(?:i?(?:ul+i+|[ou]gli|[kg]iz+i+)|i?[oe]v+(?:i+4|n+a)|i(?:ni)?4na|i4)$', '')
        else s
    end;

-- What the sound of one word looks like: p a patronymic, s a surname, i an initial, n any name. Given names end in -ин
-- and -ина too, so these endings tell nothing.
create or replace macro word_shape(s) as
    case
        when length(s) < 2 or s in ('iu', 'ia', 'd1') then 'i'
        when
            length(s) >= 6
            and regexp_matches(s, '(?:[oe]v+i+4|[oe]v+n+a|[oe]nva|i4n+a|li4|ul+i+|[ou]gli|[kg]+iz+i+)$')
            then 'p'
        when length(s) >= 5 and regexp_matches(s, '(?:[oe]va?|skii?|skaia|enko)$') then 's'
        else 'n'
    end;
