-- grain: call of the month; key: key (also call_id)
-- Minutes to arrival are lognormal around a figure that grows with the made-up remoteness of the settlement.
-- The shares of forms and faults of addresses are assumptions. h_told_by is what the place follows from: text, crew,
-- home or nothing.
-- inputs: person, place, kato, the variables m, first_day, as_of
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

-- Some patients fall ill away from home; the crew goes where they are.
met as (
    select
        n.* exclude (place_id),
        u(n.key, 'away') < 0.12 as is_away,
        case when u(n.key, 'away') < 0.12 then other.place_id else n.place_id end as place_id
    from numbered as n
    asof inner join place as other on u(n.key, 'away at') >= other.cumulative
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
    from met as n
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
        u(key, 'address') as form_at,
        u(key, 'address dirt') as dirt_at,
        -- sometimes the crew of a neighbouring district
        case
            when u(key, 'helping crew') < 0.04
                then choice(key, 'which crew', (select list(distinct district_kato order by district_kato) from place))
            else district_kato
        end as crew_district_kato,
        u(key, 'vain') < 0.025 as is_vain
    from classed
),

ended as (
    select
        *,
        arrived + to_seconds(500 + roll(key, 'care', 3600)) as finished
    from driven
),

-- Forms of an address with their shares; the last five name no settlement.
form (form, until) as (
    values
    ('district, settlement', 0.30),
    ('settlement', 0.46),
    ('settlement, Kazakh', 0.59),
    ('settlement, both languages', 0.63),
    ('district, settlement, Kazakh', 0.71),
    ('okrug, settlement', 0.80),
    ('settlement alone', 0.86),
    ('district cut short', 0.89),
    ('street named after a village', 0.915),
    ('street named after a village, unmarked', 0.925),
    ('station', 0.935),
    ('landmark', 0.95),
    ('turn of a road', 0.955),
    ('winter hut', 0.965),
    ('other district', 0.972),
    ('road, kilometre', 0.982),
    ('street alone', 0.990),
    ('landmark alone', 0.994),
    ('winter hut alone', 0.998),
    ('not said', 1.0)
),

-- Faults of the text; an address has at most one.
text_dirt (dirt, until) as (
    values
    ('typo', 0.03), ('legacy letters', 0.04), ('upper case', 0.07), ('lower case', 0.10), ('russified', 0.12),
    ('no spaces', 0.14), ('none', 1.0)
),

worded as (
    select
        e.*,
        f.form,
        d.dirt,
        case when starts_with(k.name_ru, 'г.') then 'г.' else 'с.' end as mark,
        case when starts_with(k.name_ru, 'г.') then 'қ.' else 'а.' end as mark_kk,
        -- a letter left out, doubled, or swapped with its neighbour
        case
            when d.dirt <> 'typo' or length(s.spelt) < 5 then s.spelt
            else list_transform([2 + roll(key, 'typo at', length(s.spelt) - 3)], lambda p: case roll(key, 'typo', 3)
                when 0 then left(s.spelt, p - 1) || substr(s.spelt, p + 1)
                when 1 then left(s.spelt, p) || substr(s.spelt, p, 1) || substr(s.spelt, p + 1)
                else
                    left(s.spelt, p - 1) || substr(s.spelt, p + 1, 1) || substr(s.spelt, p, 1)
                    || substr(s.spelt, p + 2)
            end)[1]
        end as told_name,
        lower(russified(s.spelt)) as told_folded,
        v.settlement_ru as village,
        replace(o.district_ru, 'район', 'р-н') as other_district_short,
        o.district_kato as other_district_kato,
        choice(key, 'landmark', [
            'возле школы', 'за магазином', 'мектептің жанында', 'напротив мечети', 'около акимата', 'дүкен жанында'
        ]) as landmark,
        choice(key, 'hut', ['Бастау', 'Тасқора', 'Қыстау', 'Ферма', 'Көктал', 'Сарыжайлау']) as hut
    from ended as e
    asof inner join form as f on e.form_at < f.until
    asof inner join text_dirt as d on e.dirt_at < d.until
    inner join kato as k on e.settlement_kato = k.kato
    inner join place as v on roll(e.key, 'village', (select count(*) from place)) = v.place_id
    inner join place as o on roll(e.key, 'other place', (select count(*) from place)) = o.place_id
    cross join lateral (
        select
            case
                when f.form like '%Kazakh%' or f.form like '%both%' then e.settlement_kk else e.settlement_ru
            end as spelt
    ) as s
),

written as (
    select
        *,
        case form
            when 'district, settlement'
                then concat(district_short, ', ', mark, told_name, ', ул.', street_title, ' ', house)
            when 'settlement' then concat(mark, ' ', told_name, ' ул ', street_title, ', ', house)
            when 'settlement, Kazakh' then concat(told_name, ' ', street_title, ' к-сі ', house)
            when 'settlement, both languages'
                then concat(told_name, ' ', if(mark = 'г.', 'қаласы', 'ауылы'), ', ул. ', street_title, ' ', house)
            when 'district, settlement, Kazakh'
                then concat('р-н ', replace(district_ru, ' район', ''), ' ', told_name, ' ', mark_kk)
            when 'okrug, settlement' then concat(okrug_ru, ', ', told_name, ', ', street_title, ' ', house)
            when 'settlement alone' then told_name
            when 'district cut short'
                then concat(
                    if(district_ru like '% район', left(district_ru, 6) || '. р-н', district_ru), ', ', mark, told_name,
                    ', ', street_title, ' ', house
                )
            when 'street named after a village' then concat(mark, told_name, ', ул. ', village, ', ', house)
            when 'street named after a village, unmarked' then concat(told_name, ', ', village, ' ', house)
            when 'station' then concat(choice(key, 'rail', ['ст. ', 'рзд. ']), told_name)
            when 'landmark' then concat(mark, told_name, ', ', landmark)
            when 'turn of a road' then concat('трасса Алматы — ', village, ', поворот на ', mark, told_name)
            when 'winter hut' then concat('зимовка ', hut, ', ', 2 + roll(key, 'far', 20), ' км от ', mark, told_name)
            when 'other district'
                then concat(other_district_short, ', ', mark, told_name, ', ул.', street_title, ' ', house)
            when 'road, kilometre'
                then concat(
                    if(u(key, 'road told') < 0.7, district_short || ', ', ''), 'трасса ', 3 + roll(key, 'road', 180),
                    ' км'
                )
            when 'street alone' then concat('ул.', street_title, ' ', house)
            when 'landmark alone' then landmark
            when 'winter hut alone' then concat(okrug_ru, ', зимовка ', hut)
            else 'адрес не указан'
        end as clean_text
    from worded
),

alias as (
    select distinct
        settlement_kato,
        okrug_ru,
        district_kato,
        unnest([lower(russified(settlement_ru)), lower(russified(settlement_kk))]) as name_folded
    from place
),

alias_count as (
    select
        name_folded,
        count(distinct settlement_kato) as in_oblast,
        list(distinct struct_pack(o := okrug_ru, d := district_kato, s := settlement_kato)) as them
    from alias
    group by name_folded
),

counted as (
    select
        w.*,
        a.in_oblast,
        len(list_filter(a.them, lambda x: x['d'] = w.district_kato)) as in_district,
        len(list_filter(a.them, lambda x: x['o'] = w.okrug_ru)) as in_okrug,
        len(list_filter(a.them, lambda x: x['d'] = w.other_district_kato)) as in_other_district
    from written as w
    inner join alias_count as a on w.told_folded = a.name_folded
)

select
    key,
    key::varchar as call_id,
    received::varchar as received_at,
    class::varchar as category,
    case dirt
        when 'legacy letters' then legacy_letters(clean_text)
        when 'upper case' then upper(clean_text)
        when 'lower case' then lower(clean_text)
        when 'russified' then russified(clean_text)
        when 'no spaces' then replace(clean_text, ', ', ',')
        else clean_text
    end as address,
    case when u(key, 'known') < 0.4 then iin else '' end as patient_iin,
    case when u(key, 'age known') < 0.92 then age::varchar else '' end as patient_age,
    case when u(key, 'sex known') < 0.95 then case when sex = 1 then 'М' else 'Ж' end else '' end as patient_sex,
    choice(key, 'reason', [
        'высокая температура', 'боль в груди', 'повышенное давление', 'травма', 'ДТП', 'затрудненное дыхание',
        'боль в животе', 'потеря сознания', 'роды', 'судороги', 'отравление', 'укус животного', 'аллергия',
        'головокружение', 'қан қысымы көтерілген', 'дене қызуы'
    ]) as reason,
    left(crew_district_kato, 4) || '-' || pad(1 + roll(key, 'brigade', 9), 2) as brigade,
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
    -- One call in twenty is changed days later: a watermark has to find it again.
    (
        finished + to_seconds(60 + roll(key, 'closed', 1500))
        + to_seconds(case when u(key, 'amended') < 0.05 then roll(key, 'days', 5 * 86400) else 0 end)
    )::varchar as updated_at,
    settlement_kato as h_settlement_kato,
    okrug_kato as h_okrug_kato,
    district_kato as h_district_kato,
    form as h_form,
    dirt as h_dirt,
    in_oblast > 1 as h_is_repeated,
    -- What the settlement follows from, for someone who knows all names, crews and homes.
    case
        when form in ('road, kilometre', 'street alone', 'landmark alone', 'winter hut alone', 'not said')
            then 'nothing'
        when form in ('district, settlement', 'district, settlement, Kazakh', 'district cut short') and in_district = 1
            then 'text'
        when form = 'okrug, settlement' and in_okrug = 1 then 'text'
        when form = 'other district' and in_other_district > 0 and district_kato <> other_district_kato then 'nothing'
        when in_oblast = 1 and (form <> 'other district' or district_kato = other_district_kato) then 'text'
        when in_district = 1 and crew_district_kato = district_kato then 'crew'
        when u(key, 'known') < 0.4 and not is_away then 'home'
        else 'nothing'
    end as h_told_by
from counted;
