-- grain: school and class level; key: key
-- A child of 6 to 17 attends the school of its place, or else of its okrug, at the level of its age on 1 September of
-- the school year. Capacity does not follow the pupils exactly, so that some schools are overcrowded.
-- inputs: person, place, organisation, the variables m, as_of
create or replace view education_clean as
with school as (
    select
        o.org,
        o.number,
        o.name_ru,
        o.place_id,
        p.okrug_kato
    from organisation as o
    inner join place as p on o.place_id = p.place_id
    where o.kind = 'school'
),

school_of_place as (
    select
        p.place_id,
        coalesce(max(s.org) filter (s.place_id = p.place_id), min_by(s.org, s.place_id)) as org
    from place as p
    inner join school as s on p.okrug_kato = s.okrug_kato
    group by p.place_id
),

pupil as (
    select
        s.org,
        least(11, date_diff(
            'month', p.birth_date, make_date((getvariable('m') - 8)::bigint // 12, 9, 1)
        ) // 12 - 6) as level
    from person as p
    inner join school_of_place as s on p.place_id = s.place_id
    where
        not p.is_dead
        and date_diff('month', p.birth_date, make_date((getvariable('m') - 8)::bigint // 12, 9, 1)) // 12
        between 6 and 17
        and u(p.i, 'in school') < 0.985
),

counted as (
    select
        s.org,
        l.level,
        count(u.level) as pupils
    from school as s
    cross join range(12) as l (level)
    left join pupil as u on s.org = u.org and l.level = u.level
    group by all
),

sized as (
    select
        *,
        sum(pupils) over (partition by org) as all_pupils
    from counted
)

select
    c.org * 16 + c.level as key,
    s.number as school_bin,
    s.name_ru as school_name,
    h.settlement_kato as kato,
    case when c.level = 0 then 'предшкола' else c.level::varchar end as level,
    c.pupils::varchar as pupils,
    case
        when c.pupils = 0 then '0'
        else greatest(1, ceil(c.pupils / (18.0 + roll(c.org, 'class size', 10))))::bigint::varchar
    end as classes,
    -- built for a round number of pupils, sometimes long ago
    (20 * (1 + floor(c.all_pupils * (0.7 + 0.9 * u(c.org, 'places')) / 20)))::bigint::varchar as places,
    (4 + ceil(c.all_pupils / (8.0 + 4 * u(c.org, 'teachers'))))::bigint::varchar as teachers,
    choice(c.org, 'language', ['казахский', 'казахский', 'казахский', 'русский', 'смешанный', 'қазақ']) as language,
    strftime(getvariable('as_of'), '%Y-%m') as period
from sized as c
inner join school as s on c.org = s.org
inner join place as h on s.place_id = h.place_id;
