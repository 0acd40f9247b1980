-- grain: village, operator and technology; key: key
-- Mobile operators and fixed line of a village are drawn; each technology is replaced by the next one in a quarter of
-- its own, and a line is measured once a quarter. A village without any line has one row that says so.
-- inputs: place, the variables m, seed
create or replace view internet_clean as
with offered as (
    select
        p.*,
        o.nth,
        o.operator,
        p.place_id * 8 + o.nth as key,
        u(p.place_id * 8 + o.nth, 'covered') < case when p.is_rural then o.rural_share else 1.0 end as is_covered
    from place as p
    cross join (
        values
        (0, 'Казахтелеком', 0.45), (1, 'Beeline', 0.62), (2, 'Tele2/Altel', 0.72), (3, 'Kcell/activ', 0.48),
        (4, 'Starlink', 0.03)
    ) as o (nth, operator, rural_share)
),

upgraded as (
    select
        *,
        (getvariable('m') // 3)::bigint as quarter,
        -- number of its current generation
        case
            when not is_rural then 2
            else
                (u(key, 'first') < 0.7)::bigint
                + (getvariable('m') // 3 >= getvariable('origin') // 3 + roll(key, 'upgrade', 40))::bigint
        end as step
    from offered
    where is_covered
),

teched as (
    select
        *,
        case nth
            when 0 then ['ADSL', 'FTTx', 'ВОЛС'][step + 1]
            when 4 then 'спутник'
            else ['2G', '3G', '4G (LTE)'][step + 1]
        end as technology
    from upgraded
    union all
    select
        * exclude (is_covered) replace (5 as nth, 'нет' as operator, place_id * 8 + 5 as key),
        false as is_covered,
        (getvariable('m') // 3)::bigint as quarter,
        0 as step,
        'нет' as technology
    from offered
    where nth = 0 and place_id not in (select u.place_id from upgraded as u)
),

measured as (
    select
        *,
        key * 65536 + quarter as draw,
        case technology
            when 'ADSL' then 12 when 'FTTx' then 600 when 'ВОЛС' then 1100 when 'спутник' then 450
            when '2G' then 1 when '3G' then 28 when '4G (LTE)' then 210 else 0
        end as tenth_mbit_s
    from teched
),

spoken as (
    select
        *,
        ceil(tenth_mbit_s * (0.5 + u(draw, 'speed')))::bigint as download,
        ceil(tenth_mbit_s * (0.1 + 0.4 * u(draw, 'upload')))::bigint as upload
    from measured
)

select
    s.key,
    row_number() over (order by s.key)::varchar as no,
    s.district_ru as district,
    s.okrug_ru as okrug,
    s.settlement_kato as kato,
    case when u(s.place_id, 'place form') < 0.7 then 'с.' || s.settlement_ru else s.settlement_kk end as settlement,
    s.operator,
    s.technology,
    case when s.download % 10 = 0 then (s.download // 10)::varchar else (s.download / 10)::decimal(9, 1)::varchar end
        as download,
    case when s.upload % 10 = 0 then (s.upload // 10)::varchar else (s.upload / 10)::decimal(9, 1)::varchar end
        as upload,
    dmy(month_start(s.quarter * 3) + roll(s.draw, 'measured', 28)::integer) as measured,
    quarter_name(s.quarter) as quarter,
    u(s.place_id, 'excel dates') < 0.5 as h_has_dates,
    coalesce(lag(s.okrug_kato) over (order by s.key) = s.okrug_kato, false) as h_same_okrug
from spoken as s;
