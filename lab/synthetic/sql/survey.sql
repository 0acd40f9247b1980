-- grain: respondent of the quarter's wave; key: key (also respondent)
-- Thirty adults per rural okrug, or all where there are fewer; the weight is the number of adults that one represents.
-- inputs: person, place, the variable m

-- An answer from 1 to 5 about a topic, 99 for no answer; okrugs differ in their general mood.
create or replace macro opinion(k, okrug_kato, topic, mean) as
    case
        when u(k, 'no answer ' || topic) < 0.04 then '99'
        else least(5, greatest(1, round(
            mean + 0.5 * gauss(okrug_kato::bigint, 'mood ' || topic) + 0.9 * gauss(k, 'answer ' || topic)
        )))::bigint::varchar
    end;

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
    opinion(d.key, d.okrug_kato, 'trust', 4.1) as trust,
    opinion(d.key, d.okrug_kato, 'roads', 2.7) as roads,
    opinion(d.key, d.okrug_kato, 'water', 3.3) as water,
    opinion(d.key, d.okrug_kato, 'medicine', 3.1) as medicine,
    opinion(d.key, d.okrug_kato, 'heard', 3.6) as heard,
    (d.adults * 100 // least(d.adults, 30) // 100)::varchar || '.'
    || pad(d.adults * 100 // least(d.adults, 30) % 100, 2) as weight
from drawn as d
where d.nth <= 30;
