-- grain: event of the month; key: key (also no)
-- Vaccinations and tests are those of livestock in this month; a positive test opens a focus (an outbreak) in its
-- village. A request to catch strays is carried out within weeks, with an act. A lost pet may be caught too, and a bite
-- may be that of a registered dog.
-- inputs: animal, pet, person, place, the variables m, first_day, as_of
create or replace view veterinary_events_clean as
with vaccination as (
    select
        1 as part,
        a.life_key * 8 + 1 as key,
        a.place_id,
        'vaccination' as kind,
        null::date as requested_on,
        a.vaccinated_on as done_on,
        a.tag as animal,
        a.part as animal_part,
        choice(a.life_key, 'disease', ['сибирская язва', 'ящур', 'пастереллез', 'бешенство']) as disease,
        'проведена' as result
    from animal as a
    where a.vaccinated_on >= getvariable('first_day')
),

tested as (
    select
        2 as part,
        a.life_key * 8 + 2 as key,
        a.place_id,
        'test' as kind,
        null::date as requested_on,
        a.tested_on as done_on,
        a.tag as animal,
        a.part as animal_part,
        'бруцеллез' as disease,
        case when a.is_positive then 'положительный' else 'отрицательный' end as result
    from animal as a
    where a.tested_on >= getvariable('first_day')
),

focus as (
    select
        3 as part,
        (t.place_id * 16 + 15) * 8 + 3 as key,
        t.place_id,
        'focus' as kind,
        min(t.done_on) as requested_on,
        null::date as done_on,
        '' as animal,
        min(t.animal_part) as animal_part,
        'бруцеллез' as disease,
        'активен' as result,
        count(*) as heads
    from tested as t
    where t.result = 'положительный'
    group by t.place_id
    union all
    select
        3,
        (p.place_id * 16 + b.back) * 8 + 3,
        p.place_id,
        'focus',
        month_start(getvariable('m') - b.back)
        + roll(p.place_id * 65536 + getvariable('m') - b.back, 'focus day', 28)::integer,
        case
            when b.back = 2 + roll(p.place_id * 65536 + getvariable('m') - b.back, 'focus months', 5)
                then getvariable('first_day') + roll(p.place_id * 65536 + b.back, 'lifted', 28)::integer
        end,
        '',
        null,
        choice(
            p.place_id * 65536 + getvariable('m') - b.back, 'focus of', ['бешенство', 'эхинококкоз', 'сибирская язва']
        ),
        case
            when b.back = 2 + roll(p.place_id * 65536 + getvariable('m') - b.back, 'focus months', 5) then 'оздоровлен'
            else 'активен'
        end,
        1 + roll(p.place_id * 65536 + getvariable('m') - b.back, 'focus heads', 12)
    from place as p
    cross join range(7) as b (back)
    where
        p.is_rural
        and u(p.place_id * 65536 + getvariable('m') - b.back, 'focus') < 0.004
        and b.back <= 2 + roll(p.place_id * 65536 + getvariable('m') - b.back, 'focus months', 5)
),

asked as (
    select
        p.i,
        p.iin,
        p.place_id,
        b.back,
        p.i * 65536 + getvariable('m') - b.back as draw,
        month_start(getvariable('m') - b.back)
        + roll(p.i * 65536 + getvariable('m') - b.back, 'request day', 28)::integer as requested_on
    from person as p
    cross join range(2) as b (back)
    where
        not p.is_dead and p.age >= 18
        and u(p.i * 65536 + getvariable('m') - b.back, 'stray request') < 0.0013
),

answered as (
    select
        *,
        requested_on + 1 + roll(draw, 'request days', 24)::integer as answered_on,
        u(draw, 'refused') < 0.07 as is_refused,
        (i * 2 + back) * 8 + 4 as key
    from asked
),

request as (
    select
        *,
        'С-' || strftime(requested_on, '%Y%m') || '-' || i::varchar as no,
        answered_on <= getvariable('as_of') as is_answered
    from answered
    where back = 0 or answered_on >= getvariable('first_day')
),

every as (
    select
        *,
        1 as heads,
        '' as request_no,
        '' as iin,
        '' as no
    from vaccination
    union all by name
    select
        *,
        1 as heads,
        '' as request_no,
        '' as iin,
        '' as no
    from tested
    union all by name
    select
        *,
        '' as request_no,
        '' as iin,
        case when key // 8 % 16 = 15 then 'ОБ-' else 'О-' end || strftime(requested_on, '%Y%m') || '-'
        || place_id::varchar as no
    from focus
    union all by name
    select
        4 as part,
        key,
        place_id,
        'catch_request' as kind,
        requested_on,
        case when is_answered then answered_on end as done_on,
        '' as animal,
        null::bigint as animal_part,
        '' as disease,
        case when not is_answered then 'в работе' when is_refused then 'отказано' else 'исполнено' end as result,
        1 + roll(draw, 'strays', 5) as heads,
        '' as request_no,
        iin,
        no
    from request
    union all by name
    select
        4 as part,
        key + 1 as key,
        place_id,
        'catch' as kind,
        null::date as requested_on,
        answered_on as done_on,
        '' as animal,
        null::bigint as animal_part,
        '' as disease,
        case when u(draw, 'released') < 0.6 then 'стерилизовано, выпущено' else 'в приют' end as result,
        1 + roll(draw, 'strays', 5) as heads,
        no as request_no,
        '' as iin,
        'А' || no as no
    from request
    where is_answered and not is_refused
    union all by name
    select
        4 as part,
        p.key * 8 + 6 as key,
        p.place_id,
        'catch' as kind,
        null::date as requested_on,
        p.status_on
        + roll(p.key, 'caught', date_diff('day', p.status_on, getvariable('as_of')) + 1)::integer as done_on,
        p.chip as animal,
        null::bigint as animal_part,
        '' as disease,
        'в приют' as result,
        1 as heads,
        '' as request_no,
        '' as iin,
        'АП-' || strftime(getvariable('as_of'), '%Y%m') || '-' || p.key::varchar as no
    from pet as p
    where p.status = 'lost' and p.status_on >= getvariable('first_day') and u(p.key, 'caught') < 0.3
    union all by name
    select
        5 as part,
        p.i * 8 + 7 as key,
        p.place_id,
        'bite' as kind,
        getvariable('first_day') + roll(p.i * 65536 + getvariable('m'), 'bite day', 28)::integer as requested_on,
        null::date as done_on,
        coalesce(d.chip, '') as animal,
        null::bigint as animal_part,
        'бешенство, подозрение' as disease,
        'оказана помощь' as result,
        1 as heads,
        '' as request_no,
        p.iin,
        'У-' || strftime(getvariable('as_of'), '%Y%m') || '-' || p.i::varchar as no
    from person as p
    left join (
        select
            hh,
            min(chip) as chip
        from pet
        where species = 'dog' and status = 'alive'
        group by hh
    ) as d on p.hh = d.hh
    where not p.is_dead and u(p.i * 65536 + getvariable('m'), 'bite') < 0.0003
)

select
    e.part,
    e.key,
    e.place_id as h_place,
    ['Вакцинация', 'Исследования', 'Очаги', 'Отлов', 'Укусы'][e.part] as h_sheet,
    case
        when e.no <> '' then e.no
        else case e.part when 1 then 'В-' else 'И-' end || strftime(getvariable('as_of'), '%Y%m') || '-'
            || (e.key // 8)::varchar
    end as no,
    case
        when u(e.place_id, 'kazakh words') < 0.2
            then case e.kind
                when 'vaccination' then 'Егу'
                when 'test' then 'Зерттеу'
                when 'focus' then 'Ауру ошағы'
                when 'catch_request' then 'Аулауға өтінім'
                when 'catch' then 'Аулау'
                else 'Тістеу'
            end
        else case e.kind
            when 'vaccination' then 'Вакцинация'
            when 'test' then 'Исследование'
            when 'focus' then 'Очаг болезни'
            when 'catch_request' then 'Заявка на отлов'
            when 'catch' then 'Отлов'
            else 'Укус'
        end
    end as kind,
    coalesce(dmy(e.requested_on), '') as requested,
    coalesce(dmy(e.done_on), '') as done,
    e.animal,
    case
        when e.animal_part is not null then ['КРС', 'МРС', 'лошадь', 'верблюд'][e.animal_part]
        when e.part >= 4 then 'собака'
        else ''
    end as animal_kind,
    e.disease,
    e.heads::varchar as heads,
    e.result,
    e.request_no,
    e.iin as person,
    h.district_ru as district,
    h.okrug_ru as okrug,
    h.settlement_kato as kato,
    case when u(e.place_id, 'place form') < 0.7 then 'с.' || h.settlement_ru else h.settlement_kk end as settlement,
    'бригада ' || (1 + h.place_id % 9)::varchar as brigade,
    dmy(getvariable('as_of')) as report_date,
    u(e.place_id, 'excel dates') < 0.3 as h_has_dates,
    coalesce(lag(h.district_kato) over (partition by e.part order by e.place_id, e.key) = h.district_kato, false)
        as h_same_district
from every as e
inner join place as h on e.place_id = h.place_id;
