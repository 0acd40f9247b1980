-- Identifiers: ИИН, БИН, KATO, РКА, livestock number, telephone. Text in, never numbers: leading zeros are part of
-- them.
-- The is_valid and is_wellformed macros answer true or false and give false for NULL; the others give NULL for NULL.

-- Weights 1..11 over the first 11 digits, modulo 11; at 10 again with 3..11,1,2; at 10 again the number is never
-- issued.
-- Source: practice of ИИН and БИН; order МВД № 521 of 29.06.2023 lists the second weights.
-- With n the number and q_i = n // 10^(12-i), the digit d_i is q_i - 10*q_(i-1), and -10 = 1 modulo 11,
-- so the weighted sum is the sum of (w_i + w_(i+1)) * q_i: no digit has to be cut out.
create or replace macro _check_sum_1(n) as (
    3 * (n // 100000000000) + 5 * (n // 10000000000) + 7 * (n // 1000000000) + 9 * (n // 100000000)
    + 2 * (n // 1000000) + 4 * (n // 100000) + 6 * (n // 10000) + 8 * (n // 1000) + 10 * (n // 100)) % 11;

create or replace macro _check_sum_2(n) as (
    7 * (n // 100000000000) + 9 * (n // 10000000000) + 2 * (n // 100000000) + 4 * (n // 10000000)
    + 6 * (n // 1000000) + 8 * (n // 100000) + 10 * (n // 10000) + (n // 1000) + 3 * (n // 100)
    + 2 * (n // 10)) % 11;

-- 12 ASCII digits with a right check digit. The birth date inside is not looked at: issued numbers may break it.
-- The lambda reads the number once for both passes.
create or replace macro iin_is_valid(t) as
    regexp_full_match(coalesce(t, ''), '[0-9]{12}') and list_transform(
        [try_cast(t as bigint)],
        lambda n: case _check_sum_1(n) when n % 10 then true when 10 then _check_sum_2(n) = n % 10 else false end
    )[1];

-- Month 01-12, fifth digit 4 resident, 5 non-resident, 6 joint enterprise; sixth 0 head, 1 branch, 2 representation,
-- 3 and 4 farm. Source: order МЮ № 423 of 27.06.2023.
create or replace macro _is_like_bin(t) as
    regexp_full_match(coalesce(t, ''), '[0-9]{2}(?:0[1-9]|1[0-2])[456][0-4][0-9]{6}');

create or replace macro bin_is_valid(t) as _is_like_bin(t) and iin_is_valid(t);

-- Digits 5-6 of a БИН are 40 and more, never a day of month: 'bin', 'iin', or NULL where it is neither.
create or replace macro iin_or_bin_kind(t) as
    case
        when iin_is_valid(t)
            then case when _is_like_bin(t) then 'bin' when substring(t, 5, 1) <= '3' then 'iin' end
    end;

-- Century by the seventh digit: 1, 2 the 19th; 3, 4 the 20th; 5, 6 the 21st. NULL where there is no such day.
create or replace macro iin_birth_date(t) as
    case
        when regexp_full_match(t, '[0-9]{6}[1-6][0-9]{5}')
            then try_cast(
                case when substring(t, 7, 1) <= '2' then '18' when substring(t, 7, 1) <= '4' then '19' else '20' end
                || substring(t, 1, 2) || '-' || substring(t, 3, 2) || '-' || substring(t, 5, 2) as date)
    end;

create or replace macro iin_sex(t) as
    case when regexp_full_match(t, '[0-9]{6}[1-6][0-9]{5}')
        then case when substring(t, 7, 1) in ('1', '3', '5') then 'm' else 'f' end end;

-- Nine digits; the first two (oblast or city of republican rank) are 10 and more. Source: НК РК 11-2025.
create or replace macro kato_is_wellformed(t) as regexp_full_match(coalesce(t, ''), '[1-9][0-9]{8}');

-- РКА: sixteen digits, leading zeros occur, no check digit is known.
create or replace macro rca_is_wellformed(t) as regexp_full_match(coalesce(t, ''), '[0-9]{16}');

-- Tag "KZ" + letter of the oblast + species (1 cattle, 2 sheep and goats, 3 pigs, 4 horses, 5 camels) + 8 digits,
-- or an ISO 11784 chip: 398 + 12 digits.
create or replace macro livestock_number_is_valid(t) as
    regexp_full_match(coalesce(t, ''), 'KZ[ABCDEFHLMNPRSTXZ][1-5][0-9]{8}|398[0-9]{12}');

-- '+77XXXXXXXXX' from the forms +7 7.., 8 7.., 7 7.., with blanks, brackets, hyphens; NULL for anything else.
create or replace macro phone_normalise(t) as
    case
        when regexp_full_match(t, '[\s\pZ]*(?:\+?7|8)?[\s\pZ()-]*7(?:[\s\pZ()-]*[0-9]){9}[\s\pZ]*')
            then '+7' || right(regexp_replace(t, '[^0-9]', '', 'g'), 10)
    end;

-- Whether a valid ИИН says the date of birth that its owner gives: digits 1–6 YYMMDD, digit 7 the century.
-- Arithmetic on text, since a million dates made from text cost a second. NULL for a date that is not known.
create or replace macro iin_agrees_with_birth_date(valid_iin, birth_date) as
    left(valid_iin, 6) = strftime(birth_date, '%y%m%d')
    and (ascii(substring(valid_iin, 7, 1)) - 49) // 2 = year(birth_date) // 100 - 18;

-- Whether a valid ИИН says the sex 'm' or 'f'. NULL where the number or the register says none.
create or replace macro iin_agrees_with_sex(valid_iin, sex) as
    case
        when substring(valid_iin, 7, 1) in ('1', '3', '5') then sex <> 'f'
        when substring(valid_iin, 7, 1) in ('2', '4', '6') then sex <> 'm'
    end;
