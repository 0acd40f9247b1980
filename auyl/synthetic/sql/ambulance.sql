-- grain: call of the month; key: key (also call_id)
-- Time to arrival is lognormal about a minute figure that grows with the invented remoteness of the settlement.
-- inputs: person, place, the variables m, first_day, as_of
create or replace view ambulance_clean as
with caller as (
    select
        i * 2 + which as draw,
        p.*
    from person as p
    cross join range(2) as t (which)
    where
        not is_dead
        and u((i * 2 + which) * 4096 + getvariable('m'), 'call')
        < case when which = 0 then 0.0215 else 0.0045 end * case when age >= 65 then 3 when age < 5 then 2 else 1 end
),

timed as (
    select
        *,
        getvariable('first_day')::timestamp
        + to_seconds(roll(draw * 4096 + getvariable('m'), 'when', day(getvariable('as_of')) * 86400)) as received
    from caller
),

numbered as (
    select
        *,
        (getvariable('m') // 12 * 100 + getvariable('m') % 12 + 1) * 10000000
        + row_number() over (order by received, draw) as key
    from timed
),

classed as (
    select
        n.*,
        h.*,
        case
            when u(n.key, 'category') < 0.05 then 1
            when u(n.key, 'category') < 0.37 then 2
            when u(n.key, 'category') < 0.66 then 3
            else 4
        end as class
    from numbered as n
    inner join place as h on n.place_id = h.place_id
),

driven as (
    select
        *,
        received + to_seconds(40 + roll(key, 'dispatch', 120 * class)) as dispatched,
        received + to_seconds(40 + roll(key, 'dispatch', 120 * class))
        + to_seconds(least(14000, floor(60 * (4 + 0.8 * remoteness_min) * exp(0.45 * gauss(key, 'road'))))::bigint)
        as arrived,
        replace(district_ru, 'район', 'р-н') as district_short,
        title(street(dwelling)) as street_title,
        building(dwelling) as house,
        u(key, 'vain') < 0.025 as is_vain
    from classed
),

ended as (
    select
        *,
        arrived + to_seconds(500 + roll(key, 'care', 3600)) as finished
    from driven
)

select
    key,
    key::varchar as call_id,
    received::varchar as received_at,
    class::varchar as category,
    case
        when u(key, 'address') < 0.35 then
            concat(district_short, ', с.', settlement_ru, ', ул.', street_title, ' ', house)
        when u(key, 'address') < 0.55 then concat('с. ', settlement_ru, ' ул ', street_title, ', ', house)
        when u(key, 'address') < 0.70 then concat(settlement_kk, ' ', street_title, ' к-сі ', house)
        when u(key, 'address') < 0.80 then concat('р-н ', replace(district_ru, ' район', ''), ' ', settlement_kk, ' а.')
        when u(key, 'address') < 0.90 then concat(okrug_ru, ', ', settlement_ru, ', ', street_title, ' ', house)
        when u(key, 'address') < 0.97 then settlement_ru
        else district_short || ', трасса ' || (3 + roll(key, 'road', 180)) || ' км'
    end as address,
    case when u(key, 'known') < 0.4 then iin else '' end as patient_iin,
    case when u(key, 'age known') < 0.92 then age::varchar else '' end as patient_age,
    case when u(key, 'sex known') < 0.95 then case when sex = 1 then 'М' else 'Ж' end else '' end as patient_sex,
    choice(key, 'reason', [
        'высокая температура', 'боль в груди', 'повышенное давление', 'травма', 'ДТП', 'затрудненное дыхание',
        'боль в животе', 'потеря сознания', 'роды', 'судороги', 'отравление', 'укус животного', 'аллергия',
        'головокружение', 'қан қысымы көтерілген', 'дене қызуы'
    ]) as reason,
    left(district_kato, 4) || '-' || pad(1 + roll(key, 'brigade', 9), 2) as brigade,
    dispatched::varchar as dispatched_at,
    case when is_vain then '' else arrived::varchar end as arrived_at,
    case when is_vain then '' else finished::varchar end as finished_at,
    case
        when is_vain then choice(key, 'vain', ['ложный вызов', 'отменен', 'адрес не найден'])
        when u(key, 'outcome') < 0.006 then 'смерть до прибытия'
        when u(key, 'outcome') < 0.24 then 'госпитализирован'
        when u(key, 'outcome') < 0.28 then 'отказ от госпитализации'
        else 'оказана помощь на месте'
    end as outcome,
    -- One call in twenty is amended days later: a watermark has to find it again.
    (
        finished + to_seconds(60 + roll(key, 'closed', 1500))
        + to_seconds(case when u(key, 'amended') < 0.05 then roll(key, 'days', 5 * 86400) else 0 end)
    )::varchar as updated_at
from ended;
