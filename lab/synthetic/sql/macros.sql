-- Draws and formats shared by all files of this folder.
-- Inputs: the variable seed.

-- An integer that depends only on seed, row key and salt. DuckDB combines the hashes of several arguments by xor:
-- without the outer hash, draws with two salts would determine each other.
create or replace macro mixed(k, salt) as hash(hash(getvariable('seed'), k::bigint, salt));

-- A draw from [0, 1).
create or replace macro u(k, salt) as (mixed(k, salt) >> 11) / 9007199254740992.0;

-- An integer from 0 to n - 1.
create or replace macro roll(k, salt, n) as floor(u(k, salt) * n)::bigint;

-- A draw from the standard normal distribution (Box–Muller).
create or replace macro gauss(k, salt) as
    sqrt(-2 * ln(u(k, salt || ' r') + 1e-12)) * cos(6.283185307179586 * u(k, salt || ' a'));

create or replace macro pad(n, width) as lpad(n::varchar, width, '0');

create or replace macro dmy(d) as strftime(d, '%d.%m.%Y');

create or replace macro month_start(index) as make_date((index // 12)::bigint, (index % 12 + 1)::bigint, 1);

-- An element of a list, all equally likely.
create or replace macro choice(k, salt, list) as list[(roll(k, salt, len(list)) + 1)::bigint];

create or replace macro digit(s, n) as (ascii(substr(s, n, 1)) - 48)::bigint;

create or replace macro check_sum_1(s) as (
    digit(s, 1) + 2 * digit(s, 2) + 3 * digit(s, 3) + 4 * digit(s, 4) + 5 * digit(s, 5) + 6 * digit(s, 6)
    + 7 * digit(s, 7)
    + 8 * digit(s, 8) + 9 * digit(s, 9) + 10 * digit(s, 10) + 11 * digit(s, 11)
) % 11;

create or replace macro check_sum_2(s) as (
    3 * digit(s, 1) + 4 * digit(s, 2) + 5 * digit(s, 3) + 6 * digit(s, 4) + 7 * digit(s, 5) + 8 * digit(s, 6)
    + 9 * digit(s, 7)
    + 10 * digit(s, 8) + 11 * digit(s, 9) + digit(s, 10) + 2 * digit(s, 11)
) % 11;

-- Check digit of ИИН and БИН over their first eleven digits; 10 means that such a number is never issued.
create or replace macro check_digit(s) as case when check_sum_1(s) < 10 then check_sum_1(s) else check_sum_2(s) end;

create or replace macro russified(s) as translate(s, 'ӘәҒғҚқҢңӨөҰұҮүҺһІі', 'АаГгКкНнОоУуУуХхИи');

-- Faults that several registries share.
create or replace macro homoglyphs(s) as translate(s, 'АЕКМНОРСТХаеорсх', 'AEKMHOPCTXaeopcx');

create or replace macro lost_letters(s) as translate(s, 'ӘҒҚҢӨҰҮҺәғқңөұүһ', '????????????????');

create or replace macro wrong_check_digit(s, k) as
    left(s, 11) || ((digit(s, 12) + 1 + roll(k, 'bad digit', 9)) % 10)::varchar;

-- Swaps two neighbouring digits of the serial. The check digit does not always reveal it.
create or replace macro two_swapped(s, k) as
    list_transform([8 + roll(k, 'swap at', 3)], lambda p:
        left(s, p - 1) || substr(s, p + 1, 1) || substr(s, p, 1) || substr(s, p + 2)
    )[1];

create or replace macro days_before(d, k) as d - 1 - roll(k, 'shift', 25)::integer;

create or replace macro a_future_day(k) as getvariable('as_of') + 20 + roll(k, 'ahead', 900)::integer;

create or replace macro xml_text(s) as replace(replace(replace(s, '&', '&amp;'), '<', '&lt;'), '>', '&gt;');

-- A code of the address register: sixteen digits. A third of them start with zero, as real ones do.
create or replace macro rca(dwelling) as
    ['0201900', '1201900', '1901800'][(dwelling % 3 + 1)::bigint]
    || pad((dwelling * 7368787 + getvariable('seed') * 104729) % 1000000000, 9);

create or replace macro street(dwelling) as choice(dwelling, 'street', [
    'АБАЯ', 'АБАЙ', 'ЖАМБЫЛА', 'ЖАМБЫЛ', 'АЛТЫНСАРИНА', 'АУЭЗОВА', 'ӘУЕЗОВ', 'БЕЙБІТШІЛІК', 'БІРЛІК', 'ГАГАРИНА',
    'ДОСТЫҚ', 'ЖЕҢІС', 'ЖІБЕК ЖОЛЫ', 'КЕНЕСАРЫ', 'ҚАБАНБАЙ БАТЫР', 'ҚОНАЕВ', 'КУНАЕВА', 'ЛЕСНАЯ', 'МЕКТЕП', 'МИРА',
    'МОЛОДЕЖНАЯ', 'НАУРЫЗ', 'НОВАЯ', 'НҰРЛЫ ЖОЛ', 'ОРТАЛЫҚ', 'ПОБЕДЫ', 'РАЙЫМБЕК', 'САДОВАЯ', 'САТПАЕВА',
    'СЕЙФУЛЛИНА', 'СТЕПНАЯ', 'ТӘУЕЛСІЗДІК', 'ТӨЛЕ БИ', 'ЦЕНТРАЛЬНАЯ', 'ШКОЛЬНАЯ', 'ШОҚАН УӘЛИХАНОВ', 'ЫНТЫМАҚ',
    'ЮБИЛЕЙНАЯ', 'ЯБЛОНЕВАЯ', 'ЕСІК', 'ЖАЙЛАУ', 'ЖАСТАР', 'ДИҚАН', 'ҚАРАСАЙ БАТЫР', 'МАКАТАЕВА', 'НАУРЫЗБАЙ БАТЫР',
    'СУЮНБАЯ', 'ТАСҚЫН'
]);

create or replace macro building(dwelling) as
    (roll(dwelling, 'building', 140) + 1)::varchar
    || case when u(dwelling, 'letter') < 0.06 then choice(dwelling, 'which', ['А', 'Б', '/1', '/2']) else '' end;

create or replace macro flat(dwelling) as
    case when u(dwelling, 'has flat') < 0.18 then (roll(dwelling, 'flat', 60) + 1)::varchar else '' end;

create or replace macro title(s) as
    array_to_string(list_transform(string_split(s, ' '), lambda w: upper(w[1]) || lower(w[2:])), ' ');

-- Cells of a worksheet. Excel counts days from 1899-12-30.
create or replace macro text_cell(letter, n, s) as
    concat('<c r="', letter, n, '" t="inlineStr"><is><t xml:space="preserve">', xml_text(s), '</t></is></c>');

create or replace macro date_cell(letter, n, d) as
    concat('<c r="', letter, n, '" s="1"><v>', date_diff('day', date '1899-12-30', d), '</v></c>');

create or replace macro number_cell(letter, n, s) as concat('<c r="', letter, n, '"><v>', s, '</v></c>');

-- A field of a delimited file, quoted where necessary.
create or replace macro csv_field(s) as
    case when regexp_matches(s, '[,;"\n]') then '"' || replace(s, '"', '""') || '"' else s end;

-- Kazakh letters in their slots in old 8-bit fonts.
create or replace macro legacy_letters(s) as translate(s, 'ҚқҒғҢңӨөҰұҮүӘәҺһ', 'ЌќЄєЅѕҐґЎўЇїЈјЋћ');

-- Name of a quarter; quarters count from year 0.
create or replace macro quarter_name(q) as
    ['I', 'II', 'III', 'IV'][(q % 4 + 1)::bigint] || ' квартал ' || (q // 4)::bigint::varchar;

-- Ring of a square around a position «[lon, lat]», about thirty metres each way.
create or replace macro corner(p, dx, dy) as concat(
    '[', json_extract_string(p, '$[0]')::decimal(9, 5) + dx::decimal(9, 5), ', ',
    json_extract_string(p, '$[1]')::decimal(9, 5) + dy::decimal(9, 5), ']'
);

create or replace macro square(p) as concat(
    '[', corner(p, -0.0003, -0.0003), ', ', corner(p, 0.0003, -0.0003), ', ', corner(p, 0.0003, 0.0003), ', ',
    corner(p, -0.0003, 0.0003), ', ', corner(p, -0.0003, -0.0003), ']'
);

-- Leaves out or doubles a letter, or swaps it with its neighbour; never the first letter.
create or replace macro typo(s, k) as
    list_transform([(2 + roll(k, 'typo at', greatest(1, length(s) - 2)))::bigint], lambda p:
        case roll(k, 'typo', 3)
            when 0 then left(s, p - 1) || substr(s, p + 1)
            when 1 then left(s, p) || substr(s, p)
            else left(s, p - 1) || substr(s, p + 1, 1) || substr(s, p, 1) || substr(s, p + 2)
        end
    )[1];

-- «Ермекұлы» becomes «Ермекович» and the reverse: both forms are used for the same person.
create or replace macro other_patronymic_form(s) as
    case
        when regexp_matches(s, '[^аеёиоуыәөүұі](ұлы|қызы)$')
            then regexp_replace(regexp_replace(s, 'ұлы$', 'ович'), 'қызы$', 'овна')
        when regexp_matches(s, '(ұлы|қызы)$')
            then regexp_replace(regexp_replace(s, 'ұлы$', 'евич'), 'қызы$', 'евна')
        when regexp_matches(s, '(ов|ев)(ич|на)$')
            then regexp_replace(regexp_replace(s, '(ов|ев)ич$', 'ұлы'), '(ов|ев)на$', 'қызы')
        else s
    end;

-- The spelling of a name in a record with these kinds of noise, applied one after the other.
create or replace macro spelled_as(s, kinds) as
    list_transform(
        list_transform(
            list_transform(
                [case when list_contains(kinds, 'russian_spelling') then russified(s) else s end],
                lambda a: case
                    when list_contains(kinds, 'legacy_letters') then legacy_letters(a)
                    when list_contains(kinds, 'lost_letters') then lost_letters(a)
                    else a
                end
            ),
            lambda a: case when list_contains(kinds, 'homoglyph') then homoglyphs(a) else a end
        ),
        lambda a: case when list_contains(kinds, 'spaces') then '  ' else '' end
            || case when list_contains(kinds, 'upper_case') then upper(a) else a end
    )[1];
