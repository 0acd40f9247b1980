-- grain: animal on the day of the period; key: key (also tag)
-- A household keeps a number of places for each species; an animal lives in a place for one to seven years and is then
-- followed by another, so numbers stay and change from month to month. Tags are unique up to two million people.
-- inputs: herd, place, the variables m, as_of
create or replace view livestock_clean as
with slot as (
    select
        k.*,
        unnest(range(heads)) as slot
    from herd as k
),

cycle as (
    select
        *,
        (hh * 64 + slot) * 4 + part - 1 as key,
        12 + roll((hh * 64 + slot) * 4 + part - 1, 'life', 72) as life,
        getvariable('m') + roll((hh * 64 + slot) * 4 + part - 1, 'phase', 84) as clock
    from slot
),

animal as (
    select
        *,
        clock % life as age_months,
        clock // life as generation,
        month_start(getvariable('m') - clock % life) + roll(key * 64 + clock // life, 'born', 28)::integer as born
    from cycle
),

dated as (
    select
        *,
        case
            when age_months >= 3 and u(key * 64 + generation, 'vaccinated') < 0.88
                then getvariable('as_of')
                    - roll(key * 64 + generation, 'vaccinated on', least(430, (age_months - 2) * 28))::integer
        end as vaccinated_on,
        case
            when age_months >= 6 and u(key * 64 + generation, 'tested') < 0.8
                then getvariable('as_of')
                    - roll(key * 64 + generation, 'tested on', least(400, (age_months - 5) * 28))::integer
        end as tested_on
    from animal
)

select
    d.key,
    d.part,
    d.sheet as h_sheet,
    'KZB' || d.species_digit
    || pad((((d.hh * 64 + d.slot) * 3 + d.generation % 3) * 48271 + getvariable('seed') * 7919) % 100000000, 8) as tag,
    case d.part
        when 1 then 'крупный рогатый скот'
        when 2 then case when u(d.key, 'goat') < 0.2 then 'коза' else 'овца' end
        when 3 then 'лошадь'
        else 'верблюд'
    end as species,
    case when u(d.key * 64 + d.generation, 'sex') < 0.28 then 'самец' else 'самка' end as sex,
    dmy(d.born) as birth_date,
    case
        when u(d.hh, 'farm') < 0.03 then
            pad(9 + roll(d.hh, 'farm year', 16), 2) || pad(1 + roll(d.hh, 'farm month', 12), 2) || '4'
            || case when u(d.hh, 'farm kind') < 0.5 then '0' else '4' end || pad((d.hh * 2) % 100000, 5)
        else d.iin
    end as h_owner,
    case
        when u(d.hh, 'farm') >= 0.03 then h_owner
        when check_digit(h_owner) < 10 then h_owner || check_digit(h_owner)::varchar
        else left(h_owner, 10) || (digit(h_owner, 11) + 1)::varchar
            || check_digit(left(h_owner, 10) || (digit(h_owner, 11) + 1)::varchar)::varchar
    end as owner,
    case when u(d.hh, 'kato of okrug') < 0.15 then h.okrug_kato else h.settlement_kato end as kato,
    case when u(d.hh, 'place form') < 0.7 then 'с.' || h.settlement_ru else h.settlement_kk end as settlement,
    coalesce(dmy(d.vaccinated_on), '') as vaccinated,
    coalesce(dmy(d.tested_on), '') as tested,
    case
        when d.tested_on is null then ''
        when u(d.key * 64 + d.generation, 'brucellosis') < 0.009 then 'положительный'
        else 'отрицательный'
    end as result,
    dmy(getvariable('as_of')) as report_date,
    u(d.hh, 'excel dates') < 0.3 as h_has_dates
from dated as d
inner join place as h on d.place_id = h.place_id;
