-- grain: recipient and kind of assistance; key: key
-- АСП goes to every member of a poor household, ЖП to its head, ПСД to the mother, ИНВ to a person.
-- inputs: person, place, the variables m, as_of
create or replace view social_assistance_clean as
with living as (
    select
        *,
        count(*) over (partition by hh) as members
    from person
    where not is_dead
),

granted as (
    select
        *,
        'АСП' as kind,
        0 as kind_no,
        6000 + floor(u(hh * 8 + getvariable('m') // 3, 'asp') * 44000) as amount
    from living
    -- Assigned by quarter: a household receives it for three months and may receive it again later.
    where u(hh * 4096 + getvariable('m') // 3, 'poor') < 0.013
    union all
    select
        *,
        'ЖП',
        1,
        2500 + floor(u(hh, 'housing') * 19000)
    from living
    where pos = 0 and u(hh * 4096 + getvariable('m') // 6, 'housing aid') < 0.012
    union all
    select
        *,
        'ПСД',
        2,
        17000 + floor(u(hh, 'child') * 60000)
    from living
    where pos = 1 and age < 50 and u(hh * 4096 + getvariable('m') // 12, 'child aid') < 0.045
    union all
    select
        *,
        'ИНВ',
        3,
        50000 + floor(u(i, 'invalid') * 62000)
    from living
    where u(i, 'disabled') < 0.004 + 0.0003 * age
)

select
    g.i * 4 + g.kind_no as key,
    row_number() over (order by mixed(g.i, 'social'), g.i, g.kind_no)::varchar as no,
    g.iin,
    upper(g.surname) as surname,
    upper(g.name) as name,
    coalesce(upper(g.patronymic), '') as patronymic,
    dmy(g.birth_date) as birth_date,
    g.kind,
    case
        when g.amount >= 1000 then (g.amount // 1000)::bigint::varchar || ' ' || pad((g.amount % 1000)::bigint, 3)
        else g.amount::bigint::varchar
    end || ',' || case when u(g.i, 'tiyn') < 0.85 then '00' else pad(roll(g.i, 'tiyn', 100), 2) end as amount,
    strftime(getvariable('as_of'), '%m.%Y') as period,
    dmy(getvariable('first_day') - roll(g.i, 'assigned', 330)::integer) as assigned,
    '19' || pad(g.hh, 8) as account,
    g.members::varchar as members,
    case
        when u(g.hh, 'district form') < 0.7 then h.district_ru
        else replace(h.district_ru, 'район', 'р-н')
    end as district,
    case when u(g.hh, 'okrug form') < 0.8 then h.okrug_ru else replace(h.okrug_ru, 'с.о.', 'с/о') end as okrug,
    case when u(g.hh, 'place form') < 0.7 then 'с.' || h.settlement_ru else h.settlement_kk end as settlement,
    g.birth_date as h_birth_date
from granted as g
inner join place as h on g.place_id = h.place_id;
