-- Text as it comes from registries: Kazakh letters lost in cp1251, Latin look-alikes, months and quarters.
-- Scalar macros; each gives NULL for NULL. Name keys cost about 0.5 µs a value: take them over distinct values.
-- Source of the letter table: 412 rows of the ГБД ФЛ district dictionary, compared with the classifier.

-- Kazakh letters back from the slots that 8-bit Kazakh fonts gave them in cp1251. І/і has its own place there.
create or replace macro kazakh_letters(t) as
    case
        when regexp_matches(t, '[ЌЄЅҐЎЇЈЋќєѕґўїјћ]')
            then translate(t, 'ЌЄЅҐЎЇЈЋќєѕґўїјћ', 'ҚҒҢӨҰҮӘҺқғңөұүәһ')
        else t
    end;

-- Latin look-alikes to Cyrillic, in words (split at spaces) that have Cyrillic and no other Latin letter:
-- "Hовая Шульба" is fixed, "KEGOC-сервис" and "Wi-Fi" are left alone. Beside Cyrillic "c." and "c.o." are corrected,
-- which tell the kind of a place.
create or replace macro homoglyphs_to_cyrillic(t) as
    case
        when regexp_matches(t, '[A-Za-zƏə]') and regexp_matches(t, '[А-Яа-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі]')
            then array_to_string(list_transform(string_split(t, ' '), lambda w:
                case
                    when regexp_matches(w, '[А-Яа-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі]')
                        and not regexp_matches(w, '[DFGJLNQRSUVWZbdfgjlnqrsuvwz]')
                        or regexp_full_match(w, '[AaCc](?:\.(?:[AaOo]\.?)?|/[Oo]),?')
                        then translate(w, 'ABEKMHOPCTXYIƏaekmopcxyithə', 'АВЕКМНОРСТХУІӘаекморсхуітһә')
                    else w
                end), ' ')
        else t
    end;

-- One key for spellings of one name: lower case, ё as е, Kazakh letters (and their legacy slots) as Russian ones,
-- look-alikes corrected; spaces, hyphens, quotes, dots, soft and hard signs dropped. Қонаев, Конаев and KОНАЕВ agree.
create or replace macro name_key(t) as
    nullif(regexp_replace(lower(
        case
            when regexp_matches(t, '[A-Za-zƏə]')
                then translate(
                    homoglyphs_to_cyrillic(t),
                    'ЁёӘәҒғҚқҢңӨөҰұҮүҺһІіЌќЄєЅѕҐґЎўЇїЈјЋћ',
                    'ЕеАаГгКкНнОоУуУуХхИиКкГгНнОоУуУуАаХх'
                )
            when regexp_matches(t, '[ЁёӘәҒғҚқҢңӨөҰұҮүҺһІіЌќЄєЅѕҐґЎўЇїЈјЋћ]')
                then translate(t, 'ЁёӘәҒғҚқҢңӨөҰұҮүҺһІіЌќЄєЅѕҐґЎўЇїЈјЋћ', 'ЕеАаГгКкНнОоУуУуХхИиКкГгНнОоУуУуАаХх')
            else t
        end), '[^\pL\pN]+|[ьъ]+', '', 'g'), '');

-- '10.2026', '2026-10' as '2026-10'; NULL where the month is not 01 to 12.
create or replace macro parse_month(t) as
    case
        when regexp_full_match(t, '\s*(?:0[1-9]|1[0-2])\.[0-9]{4}\s*')
            then substring(ltrim(t), 4, 4) || '-' || substring(ltrim(t), 1, 2)
        when regexp_full_match(t, '\s*[0-9]{4}-(?:0[1-9]|1[0-2])\s*') then trim(t)
    end;

-- Rows that somebody entered to try a system out: «Тест Тестов», «1 Для Теста» were met in production data.
create or replace macro is_test_name(t) as
    lower(t) in ('тест', 'тестов', 'тестова', 'тестовый', 'тестовая', 'для теста', 'проверка', 'test');

-- 'IV квартал 2026', '4 кв. 2026 г.', '2026 жылғы 4-тоқсан' as '2026-Q4'; NULL where there is no such quarter or year.
create or replace macro parse_quarter(t) as
    list_transform([lower(translate(t, 'Іі', 'Ii'))], lambda v: case
        when regexp_matches(v, '20[0-9]{2}')
            then regexp_extract(v, '20[0-9]{2}') || case
                regexp_extract(v, '(?:^|[^a-z0-9])([1-4]|i{1,3}|iv)[- ]*(?:кв|тоқсан)', 1)
                when '1' then '-Q1' when 'i' then '-Q1'
                when '2' then '-Q2' when 'ii' then '-Q2'
                when '3' then '-Q3' when 'iii' then '-Q3'
                when '4' then '-Q4' when 'iv' then '-Q4'
            end
    end)[1];

-- '2026-10' as '2026-Q4'.
create or replace macro quarter_of_month(t) as
    left(t, 4) || '-Q' || ((try_cast(right(t, 2) as integer) + 2) // 3)::varchar;
