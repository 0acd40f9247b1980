-- grain: act of civil status registered in the month; key: key (also act_number)
-- Births, deaths, weddings and changes of name of this month in `person`, and divorces.
-- inputs: person, place, the variables m, first_day, as_of
create or replace view civil_acts_clean as
with couple as (
    select
        w.*,
        h.iin as husband_iin,
        h.surname as husband_surname
    from person as w
    inner join person as h on w.hh = h.hh and h.pos = 0 and h.sex = 1 and not h.is_dead
    where w.pos = 1 and w.sex = 2 and not w.is_dead
),

mother as (
    select
        hh,
        arg_min(iin, pos) as iin,
        arg_min(surname, pos) as surname
    from person
    where pos < 2 and sex = 2 and not is_dead and age between 17 and 52
    group by hh
),

act as (
    select
        1 as kind,
        p.i,
        p.birth_date as event_on,
        m.iin as second_iin,
        m.surname as second_surname
    from person as p
    left join mother as m on p.hh = m.hh
    where p.birth_date >= getvariable('first_day')
    union all
    select
        2,
        i,
        death_date,
        null,
        null
    from person
    where death_date >= getvariable('first_day')
    union all
    select
        3,
        i,
        getvariable('first_day') + roll(i, 'wedding day', day(getvariable('as_of')))::integer,
        husband_iin,
        husband_surname
    from couple
    where wedding_month = getvariable('m')
    union all
    select
        4,
        i,
        getvariable('first_day') + roll(i, 'parting day', day(getvariable('as_of')))::integer,
        husband_iin,
        husband_surname
    from couple
    where parting_month = getvariable('m')
    union all
    select
        5,
        i,
        getvariable('first_day') + roll(i, 'renaming day', day(getvariable('as_of')))::integer,
        null,
        null
    from person
    where renaming_month = getvariable('m') and not is_dead and surname <> former_surname
),

dated as (
    select
        *,
        i * 8 + kind as key,
        least(getvariable('as_of'), event_on + roll(i * 8 + kind, 'registered', 12)::integer) as registered_on,
        row_number() over (partition by kind order by event_on, i) as serial
    from act
)

select
    d.key,
    concat_ws('-', left(h.district_kato, 4), d.kind, strftime(getvariable('as_of'), '%Y%m'), pad(d.serial, 5))
        as act_number,
    d.kind::varchar as kind,
    d.registered_on::varchar as registered_on,
    d.event_on::varchar as event_on,
    'Отдел РАГС, ' || h.district_ru as office,
    p.iin,
    upper(p.surname) as surname,
    upper(p.name) as name,
    coalesce(upper(p.patronymic), '') as patronymic,
    p.birth_date::varchar as birth_date,
    case when d.kind in (3, 5) then upper(p.former_surname) else '' end as surname_before,
    coalesce(d.second_iin, '') as second_iin,
    coalesce(upper(d.second_surname), '') as second_surname,
    h.gbd_code as district_code,
    case when u(p.dwelling, 'spelling') < 0.7 then 'С. ' || upper(h.settlement_ru) else upper(h.settlement_kk) end
        as city,
    p.rca,
    h.gbd_old_code as h_gbd_old_code
from dated as d
inner join person as p on d.i = p.i
inner join place as h on p.place_id = h.place_id;
