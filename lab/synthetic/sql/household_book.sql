-- grain: rural household with a living member; key: key (also account)
-- In the order of the book: okrug, settlement, household. Settlement and code are in the row of the first household
-- only, as the cells below are merged with it. Animals are those that the identification system has under the number of
-- the head: animals of a farm are registered under the farm.
-- inputs: person, place, parcel, herd, organisation, the variable as_of
create or replace view household_book_clean as
with living as (
    select
        p.hh,
        any_value(p.place_id) as place_id,
        min_by(p, case when p.age >= 18 then p.pos else 1000000000 * (1 + p.pos) + p.i end) as head,
        count(*) as members
    from person as p
    where not p.is_dead
    group by p.hh
),

stock as (
    select
        hh,
        coalesce(max(heads) filter (part = 1), 0) as cattle,
        coalesce(max(heads) filter (part = 2), 0) as small_ruminants,
        coalesce(max(heads) filter (part = 3), 0) as horses,
        coalesce(max(heads) filter (part = 4), 0) as camels
    from herd
    where hh not in (select hh from organisation where kind = 'farm' and closed_on is null)
    group by hh
),

homestead as (
    select
        hh,
        max(area_ha) as area_ha
    from parcel
    where kind = 'homestead'
    group by hh
),

okrug as (
    select
        okrug_kato,
        row_number() over (order by district_kato, okrug_kato) as part
    from (select distinct district_kato, okrug_kato from place where is_rural)
),

numbered as (
    select
        l.*,
        h.*,
        o.part,
        row_number() over (partition by o.part order by h.settlement_kato, l.hh) as no,
        row_number() over (partition by l.place_id order by l.hh) = 1 as is_first
    from living as l
    inner join place as h on l.place_id = h.place_id and h.is_rural
    inner join okrug as o on h.okrug_kato = o.okrug_kato
)

select
    n.hh as key,
    n.part,
    n.no::varchar as no,
    case when n.is_first then n.settlement_kato else '' end as kato,
    case when n.is_first then n.settlement_ru else '' end as settlement,
    left(n.okrug_kato, 6) || '-' || pad(n.hh, 7) as account,
    n.head.surname || ' ' || n.head.name as head_name,
    n.head.iin as head_iin,
    n.members::varchar as members,
    coalesce(round(g.area_ha, 2), 0)::varchar as land,
    coalesce(s.cattle, 0)::varchar as cattle,
    coalesce(s.small_ruminants, 0)::varchar as small_ruminants,
    coalesce(s.horses, 0)::varchar as horses,
    coalesce(s.camels, 0)::varchar as camels,
    case when u(n.hh, 'poultry') < 0.45 then 1 + roll(n.hh, 'hens', 30) else 0 end::varchar as poultry,
    dmy(getvariable('as_of') - roll(n.hh, 'visited', 120)::integer) as visited,
    left(n.district_kato, 4) as h_district,
    n.okrug_ru as h_sheet,
    u(n.hh, 'excel dates') < 0.4 as h_has_dates
from numbered as n
left join stock as s on n.hh = s.hh
left join homestead as g on n.hh = g.hh;
