-- grain: jobseeker and period of six months; key: key
-- inputs: person, place, the variables m, as_of
create or replace view employment_clean as
with seeker as (
    select
        *,
        (getvariable('m') + roll(i, 'spell', 6)) // 6 as spell,
        (getvariable('m') + roll(i, 'spell', 6)) % 6 as months
    from person
    where
        not is_dead and age between 16 and 62
        and u(i * 4096 + (getvariable('m') + roll(i, 'spell', 6)) // 6, 'seeks') < 0.029
),

dated as (
    select
        *,
        i * 4096 + spell as key,
        month_start(getvariable('m') - months) + roll(i * 4096 + spell, 'registered', 28)::integer as registered,
        u(i * 4096 + spell, 'fate') as fate
    from seeker
),

placed as (
    select
        *,
        case
            when fate < 0.08 + 0.06 * months
                then registered + roll(key, 'placed', date_diff('day', registered, getvariable('as_of')) + 1)::integer
        end as placed_on
    from dated
)

select
    p.key,
    regexp_replace(
        md5(p.key::varchar || ':' || getvariable('seed')::varchar), '(.{8})(.{4})(.{4})(.{4})(.{12})', '\1-\2-\3-\4-\5'
    ) as id,
    p.iin,
    case when u(p.i, 'russified') < 0.3 then russified(p.surname) else p.surname end as surname,
    case when u(p.i, 'russified') < 0.3 then russified(p.name) else p.name end as name,
    coalesce(case when u(p.i, 'russified') < 0.3 then russified(p.patronymic) else p.patronymic end, '') as patronymic,
    p.birth_date::varchar as birth_date,
    p.registered::varchar as registered_at,
    case
        when p.placed_on is not null then 'PLACED'
        when p.fate > 0.95 then 'REMOVED'
        when p.months >= 1 or p.fate > 0.7 then 'UNEMPLOYED'
        else 'SEEKING'
    end as status,
    coalesce(p.placed_on::varchar, '') as placed_at,
    case
        when p.placed_on is null then ''
        when u(p.key, 'placement') < 0.5 then 'PERMANENT'
        else choice(p.key, 'other placement', ['SUBSIDISED', 'PUBLIC_WORKS', 'BUSINESS'])
    end as placement_kind,
    h.settlement_kato as kato_code,
    case when u(p.hh, 'place form') < 0.7 then h.settlement_ru else h.settlement_kk end as settlement,
    choice(p.i, 'education', ['HIGHER', 'VOCATIONAL', 'VOCATIONAL', 'SECONDARY', 'SECONDARY', 'BASIC']) as education,
    choice(p.i, 'profession', [
        'механизатор', 'водитель', 'продавец', 'повар', 'учитель', 'медсестра', 'бухгалтер', 'ветеринар', 'сварщик',
        'электрик', 'чабан', 'доярка', 'швея', 'строитель', 'агроном', 'охранник', 'разнорабочий', 'без профессии'
    ]) as profession
from placed as p
inner join place as h on p.place_id = h.place_id;
