-- grain: respondent of the quarter's wave; key: key (also respondent)
-- Thirty adults of every rural okrug, or all where there are fewer; the weight is the adults that one stands for.
-- inputs: person, place, the variable m
create or replace view survey_clean as
with adult as (
    select
        p.i,
        p.sex,
        p.age,
        h.okrug_kato,
        h.okrug_ru,
        h.district_ru,
        getvariable('m') // 3 as quarter
    from person as p
    inner join place as h on p.place_id = h.place_id and h.is_rural
    where not p.is_dead and p.age >= 18
),

drawn as (
    select
        *,
        i * 4096 + quarter % 4096 as key,
        row_number() over (partition by okrug_kato order by mixed(i * 4096 + quarter % 4096, 'survey'), i) as nth,
        count(*) over (partition by okrug_kato) as adults
    from adult
)

select
    d.key,
    concat_ws('-', d.quarter // 4, d.quarter % 4 + 1, d.okrug_kato, pad(d.nth, 3)) as respondent,
    concat(d.quarter // 4, '-', d.quarter % 4 + 1) as wave,
    d.district_ru || ', ' || d.okrug_ru as okrug,
    case when d.age < 30 then '18–29' when d.age < 45 then '30–44' when d.age < 60 then '45–59' else '60+' end
        as age_group,
    case
        when d.sex = 1 then choice(d.key, 'word', ['муж', 'муж', 'ер'])
        else choice(d.key, 'word', ['жен', 'жен', 'әйел'])
    end as sex,
    case
        when u(d.key, 'no answer trust') < 0.04 then '99'
        else least(5, greatest(1, round(
            4.1 + 0.5 * gauss(d.okrug_kato::bigint, 'mood trust') + 0.9 * gauss(d.key, 'answer trust')
        )))::bigint::varchar
    end as trust,
    case
        when u(d.key, 'no answer roads') < 0.04 then '99'
        else least(5, greatest(1, round(
            2.7 + 0.5 * gauss(d.okrug_kato::bigint, 'mood roads') + 0.9 * gauss(d.key, 'answer roads')
        )))::bigint::varchar
    end as roads,
    case
        when u(d.key, 'no answer water') < 0.04 then '99'
        else least(5, greatest(1, round(
            3.3 + 0.5 * gauss(d.okrug_kato::bigint, 'mood water') + 0.9 * gauss(d.key, 'answer water')
        )))::bigint::varchar
    end as water,
    case
        when u(d.key, 'no answer medicine') < 0.04 then '99'
        else least(5, greatest(1, round(
            3.1 + 0.5 * gauss(d.okrug_kato::bigint, 'mood medicine') + 0.9 * gauss(d.key, 'answer medicine')
        )))::bigint::varchar
    end as medicine,
    case
        when u(d.key, 'no answer heard') < 0.04 then '99'
        else least(5, greatest(1, round(
            3.6 + 0.5 * gauss(d.okrug_kato::bigint, 'mood heard') + 0.9 * gauss(d.key, 'answer heard')
        )))::bigint::varchar
    end as heard,
    (d.adults * 100 // least(d.adults, 30) // 100)::varchar || '.'
    || pad(d.adults * 100 // least(d.adults, 30) % 100, 2) as weight
from drawn as d
where d.nth <= 30;
