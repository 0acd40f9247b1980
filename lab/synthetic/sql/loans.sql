-- grain: application since the summer of 2023; key: key (also number)
-- At the rate that West Kazakhstan reports: about a thousand loans per oblast, 6.45 million tenge and 1.144 jobs each.
-- Limits: 2,500 МРП, 8,000 for processing. A small oblast gets more than its share, so that it has all kinds of rows.
-- inputs: organisation, place, the variables m, origin, people, seed
create or replace view loans_clean as
with support as (
    select *
    from (
        values
        (0, 'Молочное скотоводство', 'Сүтті мал шаруашылығы', 2500),
        (1, 'Мясное скотоводство', 'Етті мал шаруашылығы', 2500),
        (2, 'Овцеводство', 'Қой шаруашылығы', 2500),
        (3, 'Коневодство', 'Жылқы шаруашылығы', 2500),
        (4, 'Птицеводство', 'Құс шаруашылығы', 2500),
        (5, 'Теплицы и овощеводство', 'Жылыжай және көкөніс шаруашылығы', 2500),
        (6, 'Переработка сельхозпродукции', 'Ауыл шаруашылығы өнімін қайта өңдеу', 8000),
        (7, 'Услуги на селе', 'Ауылдағы қызмет көрсету', 2500)
    ) as t (support_no, name_ru, name_kk, limit_mrp)
),

application as (
    select
        o.*,
        o.org as key,
        h.district_ru,
        h.okrug_ru,
        h.okrug_kato,
        getvariable('origin') - 18 + roll(o.org, 'applies in', 54) as month
    from organisation as o
    inner join place as h on o.place_id = h.place_id and h.is_rural
    where
        o.kind in ('farm', 'sole_trader')
        and u(o.org, 'applies') < least(0.95, 3000 / (0.0207 * getvariable('people')))
),

course as (
    select
        *,
        month + 1 + roll(key, 'decides in', 3) as decided_month,
        month_start(month) + roll(key, 'applied', 28)::integer as applied_on,
        u(key, 'fate') < 0.6 as is_good,
        roll(key, 'support', 8) as support_no,
        u(key, 'language') < 0.7 as is_russian
    from application
    where month <= getvariable('m') and registered_on < month_start(month)
),

decided as (
    select
        c.*,
        case
            when decided_month > getvariable('m') then 'review' when is_good then 'approved' else 'refused'
        end as state,
        month_start(decided_month) + roll(key, 'decided', 28)::integer as decided_on,
        s.name_ru as purpose_ru,
        s.name_kk as purpose_kk,
        -- МРП (monthly calculation index) of the year of the application
        s.limit_mrp * [3450, 3692, 3932, 4325][least(4, greatest(1, month // 12 - 2022))] as limit_kzt
    from course as c
    inner join support as s on c.support_no = s.support_no
),

sized as (
    select
        *,
        least(
            limit_kzt // 50000 * 50000,
            greatest(1000000, floor(exp(15.6 + 0.42 * gauss(key, 'sum')) / 50000)::bigint * 50000)
        ) as asked_kzt
    from decided
),

placed as (
    select
        *,
        row_number() over (order by district_ru, okrug_kato, applied_on, key) as h_place_in_file,
        row_number() over (partition by district_ru order by okrug_kato, applied_on, key) as h_nth_in_district
    from sized
)

select
    p.key,
    concat_ws('/', left(p.okrug_kato, 4), pad(p.key, 7)) as number,
    p.district_ru as district,
    p.okrug_ru as okrug,
    p.okrug_kato as kato,
    p.number as applicant,
    p.name_ru as name,
    dmy(p.applied_on) as applied,
    case when p.is_russian then p.purpose_ru else p.purpose_kk end as purpose,
    p.asked_kzt::varchar as asked,
    case p.state
        when 'approved' then case when p.is_russian then 'одобрено' else 'мақұлданды' end
        when 'refused' then case when p.is_russian then 'отказано' else 'бас тартылды' end
        when 'review' then case when p.is_russian then 'на рассмотрении' else 'қаралуда' end
    end as decision,
    case when p.state = 'review' then '' else dmy(p.decided_on) end as decided,
    case
        when p.state = 'refused' then choice(p.key, 'why', [
            'нет залога', 'нет залога', 'кредитная история', 'неполный пакет документов', 'нет средств программы',
            'кепіл жоқ', 'несие тарихы', 'құжаттар толық емес'
        ])
        else ''
    end as refusal,
    case when p.state = 'approved' then p.asked_kzt::varchar else '' end as lent,
    case when p.state = 'approved' then case when p.support_no < 6 then '84' else '60' end else '' end as months,
    case when p.state = 'approved' then (1 + (u(p.key, 'jobs') < 0.144)::integer)::varchar else '' end as jobs,
    p.h_place_in_file,
    p.h_nth_in_district,
    u(p.okrug_kato::bigint, 'excel dates') < 0.4 as h_has_dates
from placed as p;
