-- grain: item of the road map or measure of a village's plan; key: key
-- 122 items of the road map, about a quarter of them done, and five measures in the plan of every village. A done item
-- stays done; one whose deadline has passed is overdue until it is done.
-- inputs: place, the variables m, as_of, origin, seed
create or replace view road_map_clean as
with theme as (
    select *
    from (
        values
        (0, 'Ремонт внутрипоселковых дорог', 'Ауылішілік жолдарды жөндеу', 'Управление транспорта', 85000),
        (1, 'Строительство водопровода', 'Су құбырын салу', 'Управление энергетики и ЖКХ', 240000),
        (2, 'Капитальный ремонт школы', 'Мектепті күрделі жөндеу', 'Управление образования', 160000),
        (3, 'Строительство медицинского пункта', 'Медициналық пункт салу', 'Управление здравоохранения', 120000),
        (4, 'Уличное освещение', 'Көше жарығы', 'Аппарат акима', 18000),
        (5, 'Обводнение пастбищ', 'Жайылымды суландыру', 'Управление сельского хозяйства', 40000),
        (6, 'Рекультивация свалки', 'Қоқыс орнын қалпына келтіру', 'Управление природных ресурсов', 25000),
        (7, 'Спортивная площадка', 'Спорт алаңы', 'Управление физической культуры и спорта', 15000)
    ) as t (theme_no, name_ru, name_kk, body, usual_thousand)
),

village as (
    select
        *,
        row_number() over (order by settlement_kato) as village_no
    from place
    where is_rural
),

item as (
    select
        1 as part,
        n + 1 as key,
        concat(1 + n // 20, '.', 1 + n % 20) as item,
        roll(n, 'road map theme', 8) as theme_no,
        1 + roll(n, 'road map village', (select count(*) from village)) as village_no,
        54.7 as pace
    from range(122) as numbers (n)
    union all
    select
        2,
        1000 + v.village_no * 8 + k.nth,
        concat('С-', v.village_no, '.', k.nth + 1),
        (roll(v.village_no, 'theme', 8) + k.nth) % 8,
        v.village_no,
        38.0
    from village as v
    cross join range(5) as k (nth)
),

course as (
    select
        i.*,
        t.* exclude (theme_no),
        v.settlement_kato,
        v.settlement_ru,
        v.settlement_kk,
        v.okrug_ru,
        v.okrug_kato,
        v.district_ru,
        month_start(getvariable('origin') + 11 + roll(i.key, 'deadline', 36)) + 27 as deadline_on,
        getvariable('origin') + 6 + floor(-ln(1 - u(i.key, 'done')) * i.pace)::bigint as done_month,
        u(i.key, 'language') < 0.75 as is_russian,
        t.usual_thousand * (50 + roll(i.key, 'funds', 100)) // 100 as planned_thousand
    from item as i
    inner join theme as t on i.theme_no = t.theme_no
    inner join village as v on i.village_no = v.village_no
),

standing as (
    select
        *,
        month_start(done_month) + roll(key, 'done day', 28)::integer as done_on,
        case
            when done_month <= getvariable('m') then 1
            when deadline_on <= getvariable('as_of') then 3
            when u(key, 'begun') < 0.75 then 2
            else 4
        end as state
    from course
)

select
    s.key,
    s.part,
    case s.part when 1 then 'Дорожная карта' else 'Планы развития сел' end as h_sheet,
    case s.part when 1 then 'Региональная дорожная карта' else 'План развития села' end as plan,
    s.item,
    s.settlement_kato as kato,
    s.district_ru as district,
    s.okrug_ru as okrug,
    case when s.is_russian then s.settlement_ru else s.settlement_kk end as settlement,
    case when s.is_russian then s.name_ru else s.name_kk end as measure,
    s.body,
    dmy(s.deadline_on) as deadline,
    (
        case
            when s.is_russian then ['исполнено', 'исполняется', 'просрочено', 'не начато']
            else ['орындалды', 'орындалуда', 'мерзімі өтті', 'басталған жоқ']
        end
    )[s.state] as status,
    case when s.state = 1 then dmy(s.done_on) else '' end as done,
    s.planned_thousand::varchar as planned,
    case s.state
        when 1 then s.planned_thousand * (92 + roll(s.key, 'saved', 9)) // 100
        when 4 then 0
        else s.planned_thousand * roll(s.key, 'spent', 80) // 100
    end::varchar as spent,
    dmy(getvariable('as_of')) as as_of,
    u(s.okrug_kato::bigint, 'excel dates') < 0.5 as h_has_dates
from standing as s;
