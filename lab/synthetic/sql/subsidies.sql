-- grain: application of the last twelve months; key: key (also docnum)
-- A farm or agricultural firm applies about once in nine months; an application is decided within three months.
-- inputs: organisation, place, the variables m, origin, as_of
create or replace view subsidies_clean as
with support as (
    select *
    from (
        values
        (0, 'Племенное животноводство', 'Асыл тұқымды мал шаруашылығы', 'голов', 25, 70000),
        (1, 'Удешевление стоимости удобрений', 'Тыңайтқыштар құнын арзандату', 'тонн', 20, 55000),
        (2, 'Семеноводство', 'Тұқым шаруашылығы', 'тонн', 12, 48000),
        (3, 'Возмещение части инвестиций', 'Инвестиция шығындарын өтеу', 'единиц', 2, 4200000),
        (4, 'Удешевление дизельного топлива', 'Дизель отынын арзандату', 'литров', 4000, 35),
        (5, 'Маточное поголовье овец', 'Қойдың аналық басы', 'голов', 180, 4000),
        (6, 'Подача поливной воды', 'Суармалы су беру', 'м3', 30000, 3)
    ) as t (support_no, name_ru, name_kk, unit, usual, per_unit_kzt)
),

application as (
    select
        o.*,
        a.month,
        o.org * 4096 + a.month as key,
        getvariable('m') - a.month as age
    from organisation as o
    cross join (
        select getvariable('m') - back as month
        from range(12) as months (back)
    ) as a
    where
        (o.kind = 'farm' or (o.kind = 'firm' and (o.oked like '01%' or o.oked like '10%')))
        and o.closed_on is null
        and o.registered_on < month_start(a.month)
        and u(o.org * 4096 + a.month, 'applies') < 0.11
),

course as (
    select
        *,
        month_start(month) + roll(key, 'submitted', 28)::integer as submitted_on,
        1 + roll(key, 'decides in', 3) as decides_in,
        u(key, 'fate') as fate
    from application
),

decision as (
    select
        *,
        case
            when fate < 0.03 then 'withdrawn'
            when age < decides_in then case when age = 0 and u(key, 'is new') < 0.4 then 'new' else 'review' end
            when fate < 0.17 then 'refused'
            when age = decides_in then 'approved'
            else 'paid'
        end as state
    from course
),

closed as (
    select list(number order by org) as numbers
    from organisation
    where kind = 'farm' and closed_on < month_start(getvariable('m') - 12)
)

select
    d.key,
    concat_ws(
        '-', left(h.district_kato, 4), pad(d.org, 7),
        10 + (d.month - getvariable('origin') + 24) * (1 + roll(d.org, 'pace', 9000))
    ) as docnum,
    d.number as bin,
    d.name_ru as applicant,
    case when u(d.key, 'language') < 0.7 then s.name_ru else s.name_kk end as category,
    quantity::varchar as quantity,
    s.unit,
    (quantity * s.per_unit_kzt)::varchar || '.00' as amount,
    case
        when u(d.key, 'language') < 0.7 then case d.state
            when 'new' then 'Новая' when 'review' then 'На рассмотрении' when 'approved' then 'Одобрена'
            when 'refused' then 'Отклонена' when 'paid' then 'Исполнена' else 'Отозвана'
        end
        else case d.state
            when 'new' then 'Жаңа' when 'review' then 'Қаралуда' when 'approved' then 'Мақұлданды'
            when 'refused' then 'Қабылданбады' when 'paid' then 'Орындалды' else 'Кері қайтарылды'
        end
    end as status,
    concat_ws(
        ' ', dmy(d.submitted_on),
        concat_ws(
            ':', pad(9 + roll(d.key, 'hour', 9), 2), pad(roll(d.key, 'minute', 60), 2),
            pad(roll(d.key, 'second', 60), 2)
        )
    ) as submitted,
    case
        when d.state in ('refused', 'approved', 'paid')
            then dmy(month_start(d.month + d.decides_in) + roll(d.key, 'decided', 28)::integer) || ' 17:00:00'
        else ''
    end as decided,
    case
        when d.state = 'refused' then choice(d.key, 'why', [
            'несоответствие критериям', 'нет данных в ИСЖ', 'недостаточно средств', 'құжаттар толық емес'
        ])
        else ''
    end as refusal,
    case when u(d.org, 'kato of okrug') < 0.4 then h.okrug_kato else h.settlement_kato end as kato,
    case when u(d.org, 'district form') < 0.7 then h.district_ru else replace(h.district_ru, 'район', 'р-н') end
        as district,
    '1' as nameless,
    coalesce(choice(d.key, 'closed', c.numbers), '') as h_closed_bin
from decision as d
inner join place as h on d.place_id = h.place_id
inner join support as s on s.support_no = roll(d.key, 'support', 7)
cross join closed as c
cross join lateral (select 1 + roll(d.key, 'quantity', 2 * s.usual) as quantity) as q;
