-- grain: plot of land; key: parcel (also cadastral_number)
-- A homestead per rural household, up to three fields per farm, common pasture and a reserve per place.
-- Cadastral codes did not change with the split of 2022: the oblast is still 03. The rest of the number is an
-- injective function of the plot up to four million people.
-- inputs: place, household, organisation, person, the variables seed, people, m, origin
create or replace table parcel as
with homestead as (
    select
        h.dwelling * 4 as parcel,
        h.place_id,
        h.hh,
        null::bigint as org,
        'homestead' as kind,
        0.06 + 0.19 * u(h.dwelling, 'homestead') as area_ha
    from household as h
    inner join place as p on h.place_id = p.place_id
    where p.is_rural
),

field as (
    select
        o.hh * 8 + 1 + n.nth as parcel,
        o.place_id,
        o.hh,
        o.org,
        case
            when u(o.org * 4 + n.nth, 'use') < 0.45 then 'arable'
            when u(o.org * 4 + n.nth, 'use') < 0.6 then 'hayfield'
            else 'pasture'
        end as kind,
        exp(1.5 + 1.6 * gauss(o.org * 4 + n.nth, 'area')) + 2 as area_ha
    from organisation as o
    cross join range(3) as n (nth)
    where o.kind = 'farm' and n.nth <= roll(o.org, 'fields', 3) and o.closed_on is null
),

common as (
    select
        -- after the last household, whose number is rounded up to a full cycle of 32 persons
        (getvariable('people') + 31) // 32 * 64 + p.place_id * 4 + k.kind_no as parcel,
        p.place_id,
        null::bigint as hh,
        null::bigint as org,
        k.kind,
        round(exp(k.log_area + 0.8 * gauss(p.place_id * 4 + k.kind_no, 'area'))) as area_ha
    from place as p
    cross join (values (0, 'common_pasture', 7.3), (1, 'reserve', 6.0)) as k (kind_no, kind, log_area)
    where p.is_rural
),

every as (
    select * from homestead
    union all
    select * from field
    union all
    select * from common
),

numbered as (
    select
        e.*,
        d.district_no,
        (e.parcel * 7368787 + getvariable('seed') * 104729) % 10000000 as number
    from every as e
    inner join place as p on e.place_id = p.place_id
    inner join (
        select
            district_kato,
            row_number() over (order by district_kato) as district_no
        from (select distinct district_kato from place)
    ) as d on p.district_kato = d.district_kato
)

select
    n.parcel,
    n.place_id,
    n.hh,
    n.org,
    n.kind,
    round(n.area_ha, 4)::decimal(12, 4) as area_ha,
    concat_ws('-', '03', pad(40 + n.district_no, 3), pad(n.number // 10000, 3), pad(n.number % 10000, 4))
        as cadastral_number
from numbered as n
order by n.parcel;
