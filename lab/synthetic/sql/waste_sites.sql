-- grain: site by one source; key: key (also id)
-- Part 1 is what akimats report, part 2 what satellites see. A village has up to four places where dumps appear, last
-- for some time and are cleared; satellites see each of them in the following quarter, an akimat knows three in five.
-- The first village of an okrug has a landfill. Centres of districts are approximate, villages lie randomly around
-- them.
-- inputs: place, the variables m, origin
create or replace view waste_sites_clean as
with located as (
    select
        p.*,
        row_number() over (partition by p.okrug_kato order by p.place_id) as nth_in_okrug,
        round(coalesce(c.lon, 77.0) + 0.7 * (u(p.place_id, 'lon') - 0.5), 5) as place_lon,
        round(coalesce(c.lat, 43.5) + 0.5 * (u(p.place_id, 'lat') - 0.5), 5) as place_lat
    from place as p
    left join (
        values
        ('1910', 77.06, 43.87), ('1918', 77.1, 43.7), ('1936', 76.27, 44.81), ('1940', 77.46, 43.36),
        ('1942', 76.3, 43.22), ('1944', 79.22, 43.02), ('1952', 76.62, 43.2), ('1958', 80.18, 42.72),
        ('1962', 77.24, 43.3), ('1966', 79.47, 43.54), ('1968', 77.02, 43.42)
    ) as c (district, lon, lat) on left(p.district_kato, 4) = c.district
),

landfill as (
    select
        l.*,
        l.place_id * 8 + 7 as site,
        'landfill' as kind,
        1990 * 12 + roll(l.place_id, 'landfill since', 400) as open_month,
        case
            when u(l.place_id, 'landfill closes') < 0.2
                then getvariable('origin') + roll(l.place_id, 'landfill closed', 60)
        end as end_month,
        round(1 + 9 * u(l.place_id, 'landfill area') ^ 2, 2) as area
    from located as l
    where l.nth_in_okrug = 1
),

dump as (
    select
        l.*,
        l.place_id * 8 + n.slot as site,
        'dump' as kind,
        getvariable('origin') - 24 + roll(l.place_id * 8 + n.slot, 'dump since', 72) as open_month,
        getvariable('origin') - 20 + roll(l.place_id * 8 + n.slot, 'dump since', 72)
        + floor(ln(1 - u(l.place_id * 8 + n.slot, 'dump cleared')) / ln(1 - 0.03))::bigint as end_month,
        round(0.05 + 1.5 * u(l.place_id * 8 + n.slot, 'dump area') ^ 3, 2) as area
    from located as l
    cross join range(4) as n (slot)
    where u(l.place_id * 8 + n.slot, 'dump') < 0.35
),

placed as (
    select
        *,
        round(place_lon + 0.08 * (u(site, 'site lon') - 0.5), 5) as lon,
        round(place_lat + 0.06 * (u(site, 'site lat') - 0.5), 5) as lat,
        coalesce(end_month <= getvariable('m'), false) as has_ended,
        (getvariable('m') // 3 * 3)::bigint as quarter_start
    from (
        select * from landfill
        union all
        select * from dump
    )
),

reported as (
    select
        1 as part,
        *,
        open_month + 1 as known_month,
        has_ended as is_told_ended,
        month_start(quarter_start) + roll(site * 65536 + quarter_start, 'inspected', 28)::integer as checked,
        round(lon, 3) as said_lon,
        round(lat, 3) as said_lat
    from placed
    where kind = 'landfill' or (open_month + 1 <= getvariable('m') and u(site, 'known to akimat') < 0.6)
    union all
    select
        2,
        *,
        -- detected in the quarter after it appeared
        (open_month // 3 * 3 + 3)::bigint,
        -- a dump cleared before the day of the image is not visible on it
        coalesce(
            month_start(end_month) + roll(site, 'ended day', 28)::integer
            <= month_start(quarter_start) + roll(site * 65536 + quarter_start, 'pictured', 28)::integer,
            false
        ),
        month_start(quarter_start) + roll(site * 65536 + quarter_start, 'pictured', 28)::integer,
        lon,
        lat
    from placed
    where kind = 'dump' and open_month // 3 * 3 + 3 <= getvariable('m')
)

select
    r.site * 2 + r.part - 1 as key,
    r.part,
    case r.part when 1 then 'ТБО-' || pad(r.site, 5) else 'KZS' || pad(r.site * 37 + 100000, 8) end as id,
    case r.part when 1 then 'акимат' else 'космос' end as source,
    case r.kind when 'landfill' then 'полигон ТБО' else 'стихийная свалка' end as kind,
    case r.kind
        when 'landfill' then 'Полигон ТБО ' || r.okrug_ru
        else 'Свалка у села ' || r.settlement_ru
    end as name,
    case
        when r.is_told_ended then case r.kind when 'landfill' then 'закрыт' else 'ликвидирована' end
        when r.part = 2 then 'выявлена'
        else 'действует'
    end as status,
    r.area::decimal(9, 2)::varchar as area,
    (month_start(r.known_month) + roll(r.site, 'found day', 28)::integer)::varchar as found,
    case
        when r.is_told_ended then (month_start(r.end_month) + roll(r.site, 'ended day', 28)::integer)::varchar
        else ''
    end as removed,
    greatest(r.checked, month_start(r.known_month) + roll(r.site, 'found day', 28)::integer)::varchar as checked,
    case
        when r.part = 1 and r.kind = 'dump' and open_month // 3 * 3 + 3 <= getvariable('m') and u(r.site, 'told') < 0.8
            then 'KZS' || pad(r.site * 37 + 100000, 8)
        else ''
    end as space_id,
    r.district_ru as district,
    case r.part when 1 then r.settlement_kato else '' end as kato,
    r.settlement_ru as settlement,
    concat('[', r.said_lon::decimal(9, 5), ', ', r.said_lat::decimal(9, 5), ']') as position,
    r.part = 1 and r.kind = 'dump' and not r.is_told_ended as h_is_open_dump
from reported as r;
