-- grain: post of a rural akimat or its veterinary station; key: key (also post)
-- Seven posts per okrug. A post may be vacant for nine months, except that of the akim. Its holder is the first of
-- sixteen drawn persons who is alive, has not left and was born between 1966 and 1996, so that the holder changes only
-- by death or move. 122 akims were elected by the residents, the others appointed.
-- inputs: person, place, organisation, the variables m, first_day, as_of, origin, people, seed
create or replace view civil_service_clean as
with post_kind as (
    select *
    from (
        values
        (0, 'AKIM', 'E-G-1', 0.0, 430),
        (1, 'CHIEF', 'E-G-2', 0.06, 280),
        (2, 'LEADING', 'E-G-3', 0.09, 235),
        (3, 'FINANCE', 'E-G-3', 0.08, 240),
        (4, 'LAND', 'E-G-3', 0.24, 245),
        (5, 'MILITARY', 'E-G-4', 0.05, 205),
        (6, 'VET', 'B', 0.32, 230)
    ) as t (post_no, code, category, vacant_share, pay_thousand)
),

okrug as (
    select
        p.okrug_kato,
        any_value(p.okrug_ru) as okrug_ru,
        p.okrug_kato::bigint // 1000 as okrug_no,
        min(o.number) filter (o.kind = 'akimat') as akimat_bin,
        min(o.number) filter (o.kind = 'veterinary_station') as station_bin,
        row_number() over (order by mixed(p.okrug_kato::bigint, 'appointed'), p.okrug_kato) as nth
    from place as p
    left join organisation as o on p.place_id = o.place_id
    where p.is_rural
    group by p.okrug_kato
),

post as (
    select
        o.*,
        k.*,
        o.okrug_no * 8 + k.post_no as key,
        (getvariable('m') + roll(o.okrug_no * 8 + k.post_no, 'phase', 9)) // 9 as spell,
        (getvariable('m') + roll(o.okrug_no * 8 + k.post_no, 'phase', 9)) % 9 as months
    from okrug as o
    cross join post_kind as k
),

standing as (
    select
        *,
        u(key * 4096 + spell, 'vacant') < vacant_share as is_empty,
        u(key * 4096 + spell - 1, 'vacant') < vacant_share as was_empty
    from post
),

candidate as (
    select
        s.key,
        arg_min(p.i, d.attempt) as i
    from standing as s
    cross join range(16) as d (attempt)
    inner join person as p on p.i = (s.key * 7368787 + d.attempt * 104729 + getvariable('seed')) % getvariable('people')
    where not s.is_empty and not p.is_dead and p.birth_date between date '1966-01-01' and date '1996-12-31'
    group by s.key
),

filled as (
    select
        s.*,
        p.i,
        p.iin,
        p.surname,
        p.name,
        p.age,
        p.i is null as is_vacant,
        -- An akim's term is four years; its first day depends on the holder, not on the post.
        month_start(getvariable('origin') - 1 - roll(coalesce(p.i, 0), 'term', 28))
        + roll(coalesce(p.i, 0), 'term day', 28)::integer as first_term_begin,
        case
            when s.was_empty
                then month_start(getvariable('m') - s.months) + roll(s.key * 4096 + s.spell, 'day', 28)::integer
            else month_start(getvariable('origin') - 6 - roll(coalesce(p.i, 0), 'since', 130))
                + roll(coalesce(p.i, 0), 'since day', 28)::integer
        end as taken_on
    from standing as s
    left join candidate as c on s.key = c.key
    left join person as p on c.i = p.i
),

served as (
    select
        *,
        code = 'AKIM' and not is_vacant as is_akim,
        first_term_begin + case
            when first_term_begin + interval 48 months <= getvariable('first_day') then interval 48 months
            else interval 0 months
        end as term_begin
    from filled
),

trained as (
    select
        *,
        case
            when is_akim and u(i, 'school') < 0.55
                then term_begin::date + 60 + roll(i, 'school day', 600)::integer
        end as trained_on
    from served
)

select
    f.key,
    f.key::varchar as post,
    case when f.code = 'VET' then f.station_bin else f.akimat_bin end as body_bin,
    case
        when f.code = 'VET' then 'ГКП на ПХВ «Ветеринарная станция», ветеринарный пункт ' || f.okrug_ru
        else 'ГУ «Аппарат акима ' || f.okrug_ru || '»'
    end as body_name,
    f.okrug_kato as kato,
    f.code as post_code,
    f.category,
    f.is_vacant::varchar as is_vacant,
    case when f.is_vacant then month_start(getvariable('m') - f.months)::varchar else '' end as vacant_since,
    concat(
        f.pay_thousand * 1000 + roll(f.key, 'pay', 60) * 1000 + (getvariable('m') // 12 - 2025) * f.pay_thousand * 70,
        '.00'
    ) as pay,
    coalesce(f.iin, '') as iin,
    coalesce(upper(f.surname), '') as surname,
    coalesce(upper(f.name), '') as name,
    coalesce(f.age::varchar, '') as age,
    case when f.is_vacant then '' when f.is_akim then f.term_begin::date::varchar else f.taken_on::varchar end as since,
    case when f.is_akim then (u(f.i, 'first time') < 0.6)::varchar else '' end as is_first_time,
    case when f.is_vacant then '' else (u(f.i, 'new to service') < 0.33)::varchar end as is_new,
    case
        when f.trained_on <= getvariable('as_of') then f.trained_on::varchar
        else ''
    end as trained_on,
    case when not f.is_akim then '' when f.nth <= 9 then 'APPOINTED' else 'ELECTED' end as took_office,
    case
        when not f.is_akim or f.nth <= 9 then ''
        when u(f.i, 'nominated') < 0.62 then choice(f.i, 'party', [
            'AMANAT', 'AMANAT', 'AMANAT', 'AMANAT', 'AMANAT', 'Ауыл', 'Ақ жол', 'Республика', 'Народная партия'
        ])
        else 'самовыдвижение'
    end as nominated_by,
    case when f.is_akim then f.term_begin::date::varchar else '' end as term_begin,
    case when f.is_akim then (f.term_begin + interval 48 months)::date::varchar else '' end as term_end,
    strftime(getvariable('first_day'), '%Y-%m') as month
from trained as f;
