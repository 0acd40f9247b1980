-- grain: appeal registered in the period or the two months before it; key: key (also number)
-- An open appeal is answered in a later month; one answer in six comes after the term of fifteen working days.
-- inputs: person, place, the variables m, origin, as_of
create or replace view appeals_clean as
with asked as (
    select
        p.*,
        t.back,
        p.i * 1024 + getvariable('m') - t.back - getvariable('origin') as key,
        month_start(getvariable('m') - t.back)
        + roll(p.i * 1024 + getvariable('m') - t.back - getvariable('origin'), 'asked', 28)::integer as received_on
    from person as p
    cross join range(3) as t (back)
    where
        p.age >= 18
        and u(p.i * 1024 + getvariable('m') - t.back - getvariable('origin'), 'appeals') < 0.0035
),

dated as (
    select
        *,
        received_on + 21 as due_on,
        received_on + 2 + floor(-ln(1 - u(key, 'answered')) * 10.5)::integer as answered_on
    from asked
    where death_date is null or death_date > received_on
),

answered as (
    select
        *,
        answered_on <= getvariable('as_of') as is_answered
    from dated
)

select
    d.key,
    case when d.is_answered then 2 else 1 end as part,
    concat('ЖТ-', year(d.received_on), '-', pad(d.i, 7), pad(d.key % 1024, 3)) as number,
    dmy(d.received_on) as received,
    choice(d.key, 'kind', ['заявление', 'заявление', 'жалоба', 'сообщение', 'предложение', 'өтініш', 'шағым']) as kind,
    choice(d.key, 'category', [
        'Дороги', 'Дороги', 'Жол жөндеу', 'Водоснабжение', 'Ауыз су', 'Земельные вопросы', 'Жер мәселелері',
        'Социальная помощь', 'Уличное освещение', 'Пастбища и скот', 'Связь и интернет', 'Вывоз мусора', 'Жилье',
        'Здравоохранение', 'Образование', 'Бродячие собаки', 'Прочее'
    ]) as category,
    h.district_ru as district,
    case when u(d.hh, 'okrug form') < 0.8 then h.okrug_ru else replace(h.okrug_ru, 'с.о.', 'с/о') end as okrug,
    case
        when u(d.key, 'authority') < 0.7 then 'Аппарат акима ' || h.okrug_ru
        else 'Аппарат акима, ' || h.district_ru
    end as authority,
    dmy(d.due_on) as due,
    case when d.is_answered then dmy(d.answered_on) else '' end as answered,
    case
        when not d.is_answered then ''
        else choice(d.key, 'result', ['удовлетворено', 'разъяснено', 'разъяснено', 'отказано', 'қанағаттандырылды'])
    end as result,
    case when d.is_answered then 'Исполненные' else 'На исполнении' end as h_sheet,
    d.received_on as h_received,
    u(d.key, 'excel dates') < 0.5 as h_has_dates
from answered as d
inner join place as h on d.place_id = h.place_id;
