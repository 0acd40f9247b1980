-- grain: plot of land; key: key (also number, in one of three spellings)
-- A homestead belongs to a member of its household, a field to its farm; common pasture, the reserve and plots without
-- a living holder belong to the akimat. Part of the reserve was returned to the state under «Жер аманаты» since 2022.
-- inputs: parcel, person, place, household, organisation, the variables as_of, seed
create or replace view land_clean as
with holder as (
    select
        hh,
        arg_min(iin, pos) filter (not is_dead and age >= 18) as iin,
        arg_min(iin, pos) filter (is_dead) as dead_iin
    from person
    group by hh
),

akimat as (
    select
        p.okrug_kato,
        min(o.number) as number
    from organisation as o
    inner join place as p on o.place_id = p.place_id
    where o.kind = 'akimat'
    group by all
),

held as (
    select
        l.*,
        l.parcel as key,
        h.okrug_kato,
        h.settlement_kato,
        h.settlement_ru,
        h.settlement_kk,
        a.number as akimat_number,
        coalesce(o.number, case when l.kind = 'homestead' then p.iin end) as private_number,
        p.dead_iin,
        l.kind in ('common_pasture', 'reserve') as is_common,
        l.kind in ('pasture', 'common_pasture')
        or (l.kind = 'reserve' and u(l.parcel, 'reserve use') < 0.8) as is_pasture,
        case
            when l.kind = 'reserve' and u(l.parcel, 'returned') < 0.6
                then date '2022-03-01' + roll(l.parcel, 'returned on', 2100)::integer
        end as taken_back_on
    from parcel as l
    inner join place as h on l.place_id = h.place_id
    left join holder as p on l.hh = p.hh
    left join organisation as o on l.org = o.org
    left join akimat as a on h.okrug_kato = a.okrug_kato
),

written as (
    select
        *,
        is_common or private_number is null as is_public,
        u(key, 'language') < 0.75 as is_russian,
        roll(key, 'spelling', 10) as spelling
    from held
)

select
    w.key,
    case
        when w.spelling < 6 then w.cadastral_number
        when w.spelling < 9 then replace(w.cadastral_number, '-', ':')
        else replace(w.cadastral_number, '-', '')
    end as number,
    case when w.kind = 'homestead' then rca(w.parcel // 4) else '' end as rca,
    case when w.is_common then w.okrug_kato else w.settlement_kato end as kato,
    case when w.is_russian then 'с. ' || w.settlement_ru else w.settlement_kk || ' а.' end as settlement,
    case
        when w.area_ha >= 1000
            then (floor(w.area_ha)::bigint // 1000)::varchar || ' ' || pad(floor(w.area_ha)::bigint % 1000, 3)
        else floor(w.area_ha)::bigint::varchar
    end || ',' || pad((w.area_ha * 10000)::bigint % 10000, 4) as area,
    case
        when w.is_russian then case w.kind
            when 'homestead' then 'для ведения личного подсобного хозяйства'
            when 'arable' then 'для ведения крестьянского хозяйства (пашня)'
            when 'hayfield' then 'для сенокошения'
            when 'pasture' then 'для ведения крестьянского хозяйства (пастбище)'
            when 'common_pasture' then 'для выпаса скота населения'
            else 'земли запаса'
        end
        else case w.kind
            when 'homestead' then 'жеке қосалқы шаруашылық жүргізу үшін'
            when 'arable' then 'шаруа қожалығын жүргізу үшін (егістік)'
            when 'hayfield' then 'шабындық үшін'
            when 'pasture' then 'шаруа қожалығын жүргізу үшін (жайылым)'
            when 'common_pasture' then 'халықтың малын жаю үшін'
            else 'босалқы жерлер'
        end
    end as purpose,
    (case when w.is_russian then ['нет', 'да'] else ['жоқ', 'иә'] end)[1 + w.is_pasture::integer] as pasture,
    case
        when w.is_public and w.kind = 'reserve' then 'государственная собственность'
        when w.is_public then 'постоянное землепользование'
        when w.kind = 'homestead' then 'частная собственность'
        when u(w.key, 'lease') < 0.8 then 'аренда'
        else 'частная собственность'
    end as title,
    coalesce(case when w.is_public then w.akimat_number else w.private_number end, '') as owner,
    dmy(date '1996-01-01' + roll(w.key, 'registered', 9100)::integer) as registered,
    case when w.taken_back_on <= getvariable('as_of') then dmy(w.taken_back_on) else '' end as returned,
    dmy(getvariable('as_of')) as as_of,
    case when w.is_public then '' else coalesce(w.dead_iin, '') end as h_dead_iin
from written as w;
