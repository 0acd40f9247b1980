-- grain: person with a disability; key: key (also iin)
-- They include everyone whom social assistance pays for a disability. Terms of one, two or five years follow each
-- other; adults of the first group have no term.
-- inputs: person, place, the variables m, as_of
create or replace view disability_clean as
with disabled as (
    select
        *,
        case
            when age < 18 then 'child'
            when u(i, 'disability group') < 0.13 then '1'
            when u(i, 'disability group') < 0.57 then '2'
            else '3'
        end as grade,
        choice(i, 'term', [12, 12, 24, 24, 60]) as term,
        (getvariable('m') + roll(i, 'term phase', 60)) as clock
    from person
    where not is_dead and u(i, 'disabled') < 0.01 + 0.0008 * age
),

gone as (
    select
        d.hh,
        min_by(d, d.i) as dead
    from person as d
    where d.is_dead
    group by d.hh
),

dated as (
    select
        *,
        greatest(
            birth_date,
            month_start(getvariable('m') - clock % term) + roll(i * 64 + clock // term, 'examined', 28)::integer
        ) as since
    from disabled
)

select
    d.i as key,
    'ЦБДИ-' || pad(d.i * 7919 % 100000000, 8) as case_number,
    d.iin,
    d.surname,
    d.name,
    coalesce(d.patronymic, '') as patronymic,
    d.birth_date::varchar as birth_date,
    case
        when d.grade = 'child' then choice(d.i, 'words', ['ребенок с инвалидностью', 'ребенок-инвалид', 'мүгедек бала'])
        when d.grade = '1' then choice(d.i, 'words', ['I группа', '1', 'І топ', '1 топ'])
        when d.grade = '2' then choice(d.i, 'words', ['II группа', '2', 'ІІ топ', '2 топ'])
        else choice(d.i, 'words', ['III группа', '3', 'ІІІ топ', '3 топ'])
    end as grade,
    case
        when d.grade = 'child' then 'инвалидность с детства'
        when u(d.i, 'cause') < 0.72 then choice(d.i, 'cause words', ['общее заболевание', 'жалпы ауру'])
        when u(d.i, 'cause') < 0.9 then 'инвалидность с детства'
        when u(d.i, 'cause') < 0.97 then 'трудовое увечье'
        else 'военная служба'
    end as cause,
    d.since::varchar as established,
    case
        when d.grade = '1' then choice(d.i, 'no end', ['бессрочно', 'мерзімсіз'])
        else (d.since + to_months(d.term::integer))::date::varchar
    end as expires,
    case when u(d.hh, 'kato of okrug') < 0.15 then h.okrug_kato else h.settlement_kato end as kato_code,
    case when u(d.hh, 'place form') < 0.7 then h.settlement_ru else h.settlement_kk end as settlement,
    g.dead.iin as h_dead_iin,
    g.dead.surname as h_dead_surname,
    g.dead.name as h_dead_name,
    g.dead.birth_date::varchar as h_dead_birth_date
from dated as d
inner join place as h on d.place_id = h.place_id
-- one living person per household at most gets a row of the dead next to it
left join gone as g on d.hh = g.hh and d.i = (select min(o.i) from disabled as o where o.hh = d.hh);
