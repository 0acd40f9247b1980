-- Types: what the text of a cell says. Each macro takes the raw text and gives a value, or NULL where the cell holds
-- nothing or cannot be read; `auyl/stage/types.py` tells the two apart. docs/contracts.md lists the accepted spellings.
-- Nothing is rounded, shifted or guessed: what has two readings has none. NULL for NULL.

-- White space of any kind as one space, without marks that nobody sees (zero-width spaces, directions, soft hyphens,
-- variants); letters in parts (NFD) as whole ones. odd_cells tells which texts need it.
create or replace macro _tidy(t) as
    trim(regexp_replace(
        regexp_replace(
            case when regexp_matches(t, '[\x{300}-\x{36f}]') then nfc_normalize(t) else t end,
            '[\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}'
            || '\x{202a}-\x{202e}\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{e0000}-\x{e0fff}]+',
            '', 'g'
        ),
        '[\s\pZ\x{b}\x{85}]+', ' ', 'g'
    ));

-- Words that programs and people write for nothing. «Нет» is not one of them: it answers questions.
create or replace macro _is_nothing(t) as
    regexp_full_match(
        t,
        '[-–—−]*|NA|\\N|(?i:null|none|nan|nat|nil|undefined|n/a|n\.a\.|n/d|no data|not available'
        || '|н/д|н\\д|н\.\s?д\.?|нд|нет данных|данных нет|нет сведений|не указано?|не заполнено|пусто|бос'
        || '|жоқ деректер|деректер жоқ|дерек жоқ|мәлімет жоқ|көрсетілмеген)'
        || '|[(<\[{](?i:null|none|na|n/a|пусто|бос)[)>\]}]'
    );

-- What a spreadsheet shows instead of a value («#Н/Д», «#REF!», «#ДЕЛ/0!», «####», «Err:502»), what is left of a text
-- whose letters were lost («?????», «…», «[object Object]»), and the marks of auyl/formats/marks.py.
create or replace macro is_error_text(t) as
    regexp_full_match(
        t,
        '#(?:(?i:n/a n/a|n/a|н/д|getting_data|[\pL_]+(?:/0)?[!?])|#+)!?|(?i:err|ошибка):[0-9]{3}'
        || '|[?.…_\x{fffd} -]*[?…\x{fffd}][?.…_\x{fffd} -]*|\.{2,}|_{2,}|(?:\[object [A-Za-z]+\],? ?)+'
        || '|#(?:NOT_COMPUTED|DATE|STRUCTURE|REPEATED|BROKEN_TEXT)!.*'
    );

-- The marks of auyl/formats/marks.py for what is not one value of any type. An uncomputed formula is a value that is
-- missing.
create or replace macro is_of_another_kind(t) as
    coalesce(starts_with(t, '#') and regexp_matches(t, '^#(?:DATE|STRUCTURE|REPEATED|BROKEN_TEXT)!'), false);

-- What clean_text would change, or an error, in a text or in a row's texts joined by chr(31). One pattern lets nearly
-- every row through; only what it stops is looked at closely.
create or replace macro _odd_pattern() as
    '  |[\x00-\x1e\x7f\x85\x{a0}\x{ad}\x{300}-\x{36f}'
    || '\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{1680}'
    || '\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{206f}\x{3000}'
    || '\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{e0000}-\x{e0fff}]'
    || '|(?:^|\x1f)[ #''\\(<\[{?.…_\x{fffd}]| (?:\x1f|$)'
    || '|(?:^|\x1f)(?:[-–—−]+|NA|(?i:null|none|nan|nat|nil|undefined|n/a|n\.a\.|n/d|no data|not available'
    || '|н/д|н\\д|н\. ?д\.?|нд|нет данных|данных нет|нет сведений|не указано?|не заполнено|пусто|бос'
    || '|жоқ деректер|деректер жоқ|дерек жоқ|мәлімет жоқ|көрсетілмеген|(?:err|ошибка):[0-9]{3}))(?:\x1f|$)';

create or replace macro odd_cells(t) as regexp_matches(t, _odd_pattern());

-- The same of codes, and what only clean_code changes.
create or replace macro odd_codes(t) as regexp_matches(t, _odd_pattern() || '|[.,]0+(?:\x1f|$)');

-- Text without stray spaces, invisible marks and letters in parts; words for nothing become NULL, errors stay.
create or replace macro clean_text(t) as
    case
        when not odd_cells(t) then nullif(t, '')
        when t is not null then list_transform([_tidy(t)], lambda v: case when not _is_nothing(v) then v end)[1]
    end;

-- A code as text. The ".0" that a spreadsheet or pandas adds to a whole number and the apostrophe that keeps Excel from
-- making a number of it are cut off. Lost leading zeros are not put back: how many there were is a guess.
create or replace macro clean_code(t) as
    case
        when regexp_full_match(t, '[0-9]+') then t
        else list_transform([clean_text(t)], lambda v: case
            when regexp_full_match(v, '''?[0-9]+(?:[.,]0+)?') then regexp_extract(v, '[0-9]+') else v
        end)[1]
    end;

-- The number of a month by its Russian, Kazakh or English name in lower case, whole or short; '' for other words.
create or replace macro _month_number(word) as
    split_part(split_part(
        ' янв=1 январь=1 января=1 қаң=1 қаңтар=1 jan=1 january=1 фев=2 февр=2 февраль=2 февраля=2 ақп=2 ақпан=2 feb=2'
        || ' february=2 мар=3 март=3 марта=3 нау=3 наурыз=3 mar=3 march=3 апр=4 апрель=4 апреля=4 сәу=4 сәуір=4 apr=4'
        || ' april=4 май=5 мая=5 мам=5 мамыр=5 may=5 июн=6 июнь=6 июня=6 мау=6 маусым=6 jun=6 june=6 июл=7 июль=7'
        || ' июля=7 шіл=7 шілде=7 jul=7 july=7 авг=8 август=8 августа=8 там=8 тамыз=8 aug=8'
        || ' august=8 сен=9 сент=9 сентябрь=9'
        || ' сентября=9 қыр=9 қыркүйек=9 sep=9 sept=9 september=9 окт=10 октябрь=10 октября=10 қаз=10 қазан=10 oct=10'
        || ' october=10 ноя=11 нояб=11 ноябрь=11 ноября=11 қар=11 қараша=11 nov=11 november=11 дек=12 декабрь=12'
        || ' декабря=12 жел=12 желтоқсан=12 dec=12 december=12 ',
        ' ' || word || '=', 2
    ), ' ', 1);

create or replace macro _day(year, month, day) as
    try_cast(year || '-' || lpad(month, 2, '0') || '-' || lpad(day, 2, '0') as date);

-- An instant as local time without a zone: of a text in lower case that a zone ends («z», «+00:00», «utc»). No place on
-- earth is further than 14 hours from UTC: another offset is a slip, and its text has no reading.
create or replace macro _local_time(v) as
    try_cast(upper(regexp_replace(replace(v, ',', '.'), ' ?(?:utc|gmt|z)$', 'z')) as timestamptz)
    at time zone 'Asia/Almaty';

-- The date in a text in lower case without year words, one that means nothing too. In this order: year first, with a
-- local time of day, a zone, or midnight in the writer's zone behind it; an instant; day first with dots; day first
-- with slashes or hyphens, unless the month could stand first; the month in letters; eight digits.
-- Local midnight with an offset is how programs write a date; they use the offset that they believe in, and that of
-- Kazakhstan changed on 1 March 2024.
create or replace macro _date_in(v) as
    coalesce(
        list_transform([regexp_extract(
            v,
            '^([0-9]{4})[-./]([0-9]{1,2})[-./]([0-9]{1,2})(?:[t ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?'
            || '| ?z| ?[-+](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)'
            || '|[t ]00:00(?::00(?:[.,]0+)?)? ?[-+](?:(?:0[1-9]|1[0-3]):?[0-5][0-9]|14:?00))?$',
            ['y', 'm', 'd']
        )], lambda p: _day(p.y, p.m, p.d))[1],
        case
            when regexp_full_match(
                v,
                '[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?'
                || ' ?(?:z|utc|gmt|[-+](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?))'
            )
                then _local_time(v)::date
        end,
        list_transform([regexp_extract(
            v,
            '^([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?:,? [0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)?$',
            ['d', 'm', 'y']
        )], lambda p: _day(p.y, p.m, p.d))[1],
        list_transform(
            [regexp_extract(v, '^([0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{4})$', ['d', 'm', 'y'])],
            lambda p: case
                when try_cast(p.d as integer) > 12 or try_cast(p.d as integer) = try_cast(p.m as integer)
                    then _day(p.y, p.m, p.d)
            end
        )[1],
        list_transform([regexp_extract(
            v, '^[«"]?([0-9]{1,2})[»"]?[- ]?([a-zа-яәғқңөұүһі]{3,})\.?[- ]([0-9]{4})$', ['d', 'm', 'y']
        )], lambda p: _day(p.y, _month_number(p.m), p.d))[1],
        list_transform([regexp_extract(
            v, '^([0-9]{4}) ?(?:жылғы|жылдың|ж\.?) ([0-9]{1,2})[- ]?([а-яәғқңөұүһі]{3,})$', ['y', 'd', 'm']
        )], lambda p: _day(p.y, _month_number(p.m), p.d))[1],
        list_transform(
            [regexp_extract(v, '^((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})$', ['y', 'm', 'd'])],
            lambda p: _day(p.y, p.m, p.d)
        )[1]
    );

-- A date and a time of day in local time, of a text in lower case; a zone that is given is converted. A day alone is no
-- moment. A moment has six decimals of a second: one with more that are not zero would be cut.
create or replace macro _moment_in(v) as
    case
        when regexp_full_match(
            v, '[0-9]{4}-[0-9]{2}-[0-9]{2}[t ](?:[01]?[0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6}0*)?)?'
        )
            then try_cast(upper(replace(v, ',', '.')) as timestamp)
        when regexp_full_match(
            v,
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[t ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6}0*)?)?'
            || ' ?(?:z|utc|gmt|[-+](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?))'
        )
            then _local_time(v)
        when regexp_full_match(
            v, '[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4},? (?:[01]?[0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6}0*)?)?'
        )
            then try_cast(regexp_replace(
                replace(v, ',', ''), '^([0-9]+)\.([0-9]+)\.([0-9]{4}) +(.+)$', '\3-\2-\1 \4'
            ) as timestamp)
    end;

-- Dates of programs for «no date», and the first days of Excel's calendar, a serial of 60 or less.
create or replace macro _is_placeholder(d) as
    d < date '0002-01-01' or d between date '1899-12-28' and date '1900-03-01' or d = date '1753-01-01'
    or d >= date '2999-01-01';

create or replace macro _is_in_range(d) as
    d between date '1850-01-01' and date '2100-12-31' and not _is_placeholder(d);

-- Zeros or a small serial in the place of a date.
create or replace macro _is_no_date(v) as
    regexp_full_match(v, '0000[-.]00[-.]00(?:[t ][0:.]+z?)?|00[-./]00[-./]0000(?: [0:]+)?|-1|[0-5]?[0-9]|60');

-- Cells of each type, as a struct: `value`; `text`, null where the cell holds nothing; of dates and moments
-- `means_nothing`, which is true of 01.01.0001, 30.12.1899, 31.12.9999, 0000-00-00.
create or replace macro date_cell(t) as
    list_transform(list_transform([clean_text(t)], lambda v: {
        'text': v,
        'day': _date_in(regexp_replace(lower(v), '([0-9])(?: ?(?:г|год|года|ж|жыл|жылы)\.?|\.|\[[a-z_/]+\])$', '\1'))
    }), lambda c: {
        'value': case when _is_in_range(c.day) then c.day end,
        'text': c.text,
        'means_nothing': coalesce(_is_placeholder(c.day), _is_no_date(lower(c.text)), false)
    })[1];

create or replace macro moment_cell(t) as
    list_transform(list_transform([clean_text(t)], lambda v: {
        'text': v,
        'moment': _moment_in(regexp_replace(lower(v), '([0-9z])\[[a-z_/]+\]$', '\1'))
    }), lambda c: {
        'value': case when _is_in_range(c.moment::date) then c.moment end,
        'text': c.text,
        'means_nothing': coalesce(_is_placeholder(c.moment::date), _is_no_date(lower(c.text)), false)
    })[1];

-- Digits with a sign, thousands in groups of three behind a space or an apostrophe, a tail of zeros: «1 007», «7,0».
-- «1.000» is one or a thousand. Hexadecimal, exponents and halves are no whole numbers.
create or replace macro integer_cell(t) as
    list_transform([clean_text(t)], lambda v: {
        'value': case
            when regexp_full_match(v, '[-+−]?(?:[0-9]+|[0-9]{1,3}(?:[ ''’][0-9]{3})+)(?:[.,]0+)?')
                and not regexp_full_match(v, '[-+−]?[1-9][0-9]{0,2}[.,]000')
                then try_cast(regexp_replace(replace(v, '−', '-'), '[ ''’+]|[.,]0+$', '', 'g') as bigint)
        end,
        'text': v
    })[1];

-- A number of a clean text as plain digits with a dot. One separator before exactly three digits («46.421») is a
-- decimal sign or one of thousands; `dot` and `comma` say which, 'decimal' or 'thousands', where the column's other
-- values prove it, else ''. `exponents` is false of text by people: a spreadsheet has rounded «4.64E+04».
create or replace macro _digits(v, dot, comma, exponents) as
    case
        when regexp_full_match(v, '-?[1-9][0-9]{0,2}\.[0-9]{3}')
            then case dot when 'decimal' then v when 'thousands' then replace(v, '.', '') end
        when regexp_full_match(v, '-?[1-9][0-9]{0,2},[0-9]{3}')
            then case comma when 'decimal' then replace(v, ',', '.') when 'thousands' then replace(v, ',', '') end
        when regexp_full_match(v, '-?(?:[0-9]+|[0-9]{1,3}(?:[ ''’][0-9]{3})+)(?:[.,][0-9]+)?')
            then replace(translate(v, ' ''’', ''), ',', '.')
        when regexp_full_match(v, '-?[.,][0-9]+') then regexp_replace(v, '[.,]', '0.')
        when regexp_full_match(v, '-?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|-?[0-9]{1,3}(?:\.[0-9]{3}){2,}')
            then replace(replace(v, '.', ''), ',', '.')
        when regexp_full_match(v, '-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|-?[0-9]{1,3}(?:,[0-9]{3}){2,}')
            then replace(v, ',', '')
        -- More than 38 digits in all would be rounded.
        when exponents and regexp_full_match(v, '-?[0-9]{1,17}(?:\.[0-9]{1,17})?[eE][-+]?[0-9]{1,2}')
            and length(regexp_extract(v, '\.([0-9]+)', 1))
            - try_cast(regexp_extract(v, '[eE](.+)$', 1) as integer) <= 19
            then try_cast(lower(v) as decimal(38, 19))::varchar
    end;

-- A number as digits with a dot, without zeros at the end of its decimals; null if it has more than `decimals`, since
-- it is never rounded.
create or replace macro number_cell(t, dot, comma, exponents, decimals) as
    list_transform(list_transform([clean_text(t)], lambda v: {
        'text': v,
        'digits': regexp_replace(
            _digits(regexp_replace(replace(v, '−', '-'), '^[+]([0-9.,])', '\1'), dot, comma, exponents),
            '(\.[0-9]*?)0+$', '\1'
        )
    }), lambda c: {
        'value': case when length(split_part(c.digits, '.', 2)) <= decimals then rtrim(c.digits, '.') end,
        'text': c.text
    })[1];

-- Does a text prove what its sign is, '.' or ',', with `other` the other one? Both are escaped for a pattern.
create or replace macro proves_decimal(t, sign, other) as
    regexp_full_match(
        t,
        '[\s\pZ]*[-+−]?(?:(?:[0-9]+|[0-9]{1,3}(?:[\s\pZ''’][0-9]{3})+)' || sign || '(?:[0-9]{1,2}|[0-9]{4,})'
        || '|(?:0|[0-9]{4,}|[0-9]{1,3}(?:[\s\pZ''’][0-9]{3})+)' || sign || '[0-9]{3}'
        || '|[0-9]{1,3}(?:' || other || '[0-9]{3})+' || sign || '[0-9]+)[\s\pZ]*'
    );

create or replace macro proves_thousands(t, sign, other) as
    regexp_full_match(
        t,
        '[\s\pZ]*[-+−]?[0-9]{1,3}(?:(?:' || sign || '[0-9]{3}){2,}'
        || '|(?:' || sign || '[0-9]{3})+' || other || '[0-9]+)[\s\pZ]*'
    );

create or replace macro has_two_readings(t) as
    regexp_full_match(t, '[\s\pZ]*[-+−]?[1-9][0-9]{0,2}[.,][0-9]{3}[\s\pZ]*');

-- A number of a workbook as Excel shows it, with 15 digits: 0.1 + 0.2 is stored as 0.30000000000000004.
create or replace macro as_shown(t) as
    case
        when strlen(t) > 16 and regexp_full_match(t, '-?[0-9]+\.[0-9]+') and try_cast(t as double)::varchar = t
            then format('{:.15g}', try_cast(t as double))
        else t
    end;

create or replace macro boolean_cell(t) as
    list_transform([clean_text(t)], lambda v: {
        'value': case
            when kazakh_letters(lower(v)) in (
                'true', 'yes', 'y', 't', '1', 'да', 'д', 'истина', 'есть', 'имеется', 'иә', 'ия', 'бар', 'ақиқат'
            )
                then true
            when kazakh_letters(lower(v)) in (
                'false', 'no', 'n', 'f', '0', 'нет', 'н', 'ложь', 'отсутствует', 'не имеется', 'жоқ', 'жалған'
            )
                then false
        end,
        'text': v
    })[1];

-- A string; `value` is null for an error.
create or replace macro text_cell(t) as
    list_transform([clean_text(t)], lambda v: {
        'value': case when not is_error_text(v) then v end,
        'text': v
    })[1];

create or replace macro code_cell(t) as
    list_transform([clean_code(t)], lambda v: {
        'value': case when not is_error_text(v) then v end,
        'text': v
    })[1];

create or replace macro read_date(t) as date_cell(t).value;
