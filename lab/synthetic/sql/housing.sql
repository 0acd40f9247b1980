-- grain: settlement of a rural okrug; key: key (also kato)
-- The programme «Из города – в село»: 758 houses in 55 settlements, built and handed over from 2025 to 2027; a family
-- from a city moves into one house in four. Roads, water, schools and clinics of every settlement.
-- inputs: place, organisation, the variables m, first_day, origin, seed
create or replace view housing_clean as
with settlement as (
    select
        *,
        settlement_kato::bigint as key,
        row_number() over (order by mixed(settlement_kato::bigint, 'chosen'), settlement_kato) as nth
    from place
    where is_rural
),

planned as (
    select
        *,
        -- 43 settlements with 14 houses and 12 with 13 are 758; neighbours in the list exchange some
        case
            when nth > 55 then 0
            when nth = 55 then 13
            else 13 + (nth <= 43)::bigint
                + case when nth % 2 = 0 then 1 else -1 end * roll((nth + 1) // 2, 'more', 10)
        end as houses_planned
    from settlement
),

built as (
    select
        *,
        floor(houses_planned * least(1, greatest(0, getvariable('m') - getvariable('origin') - 3) / 24.0
            * (0.6 + 0.8 * u(key, 'pace'))))::bigint as houses_built,
        floor(houses_planned * least(1, greatest(0, getvariable('m') - getvariable('origin') - 6) / 24.0
            * (0.6 + 0.8 * u(key, 'pace'))))::bigint as houses_handed
    from planned
),

moved as (
    select
        *,
        (houses_handed * 26 + 50) // 100 as families,
        20 + roll(key, 'roads', 900) as roads_tenth_km,
        20 + roll(key, 'good roads', 50) as good_pct,
        10 + roll(key, 'fair roads', 20) as fair_pct
    from built
),

measured as (
    select
        *,
        families * 5 + roll(key, 'persons', 3) * least(families, 1) as persons,
        roads_tenth_km * good_pct // 100 as good_tenth_km,
        roads_tenth_km * fair_pct // 100 as fair_tenth_km,
        u(key, 'language') < 0.7 as is_russian
    from moved
),

facility as (
    select
        place_id,
        bool_or(kind = 'school') as has_school,
        bool_or(kind = 'clinic') as has_clinic,
        bool_or(kind = 'medical_post') as has_post
    from organisation
    group by all
)

select
    d.key,
    d.settlement_kato as kato,
    d.district_ru as district,
    d.okrug_ru as okrug,
    case when d.is_russian then d.settlement_ru else d.settlement_kk end as settlement,
    d.houses_planned::varchar as houses_planned,
    d.houses_built::varchar as houses_built,
    d.houses_handed::varchar as houses_handed,
    d.families::varchar as families,
    d.persons::varchar as persons,
    (d.persons * (20 + roll(d.key, 'employed', 15)) // 100)::varchar as employed,
    concat(d.roads_tenth_km // 10, ',', d.roads_tenth_km % 10) as roads,
    concat(d.good_tenth_km // 10, ',', d.good_tenth_km % 10) as roads_good,
    concat(d.fair_tenth_km // 10, ',', d.fair_tenth_km % 10) as roads_fair,
    concat(
        (d.roads_tenth_km - d.good_tenth_km - d.fair_tenth_km) // 10, ',',
        (d.roads_tenth_km - d.good_tenth_km - d.fair_tenth_km) % 10
    ) as roads_bad,
    (
        case
            when d.is_russian then ['централизованное', 'колодцы', 'привозная вода']
            else ['орталықтандырылған', 'құдықтар', 'тасымал су']
        end
    )[case when u(d.key, 'water') < 0.78 then 1 when u(d.key, 'water') < 0.92 then 2 else 3 end] as water,
    case when coalesce(f.has_school, false) then 'есть' else 'нет' end as school,
    case
        when coalesce(f.has_clinic, false) then 'врачебная амбулатория'
        when coalesce(f.has_post, false) then 'медпункт'
        else 'нет'
    end as clinic,
    case when u(d.key, 'kindergarten') < 0.5 then 'есть' else 'нет' end as kindergarten,
    case when u(d.key, 'gas') < 0.45 then 'есть' else 'нет' end as gas,
    strftime(getvariable('first_day'), '%m.%Y') as month
from measured as d
left join facility as f on d.place_id = f.place_id;
