-- grain: person attached to a clinic; key: key (also iin)
-- 97% of living persons are attached to the clinic of their place, or else of their okrug.
-- inputs: person, place, organisation, the variable as_of
create or replace view clinic_attachment_clean as
with clinic as (
    select
        p.place_id,
        coalesce(max(o.number) filter (o.place_id = p.place_id), min_by(o.number, o.place_id)) as bin,
        count(distinct o.number) as of_okrug
    from place as p
    inner join place as n on p.okrug_kato = n.okrug_kato
    inner join organisation as o on n.place_id = o.place_id and o.kind = 'clinic'
    group by p.place_id
),

every_clinic as (
    select list(number order by org) as bins from organisation
    where kind = 'clinic'
),

gone as (
    select
        d.hh,
        min_by(d.iin, d.i) as iin,
        (select min(i) from person as p where p.hh = d.hh and not p.is_dead and u(p.i, 'attached') < 0.97) as beside
    from person as d
    where d.is_dead
    group by d.hh
)

select
    p.i as key,
    p.iin,
    c.bin as clinic_bin,
    (1 + roll(p.hh, 'site', 12))::varchar as site,
    dmy(least(getvariable('as_of'), p.begin_date + roll(p.i, 'attached on', 90)::integer)) as attached,
    e.bins[1 + (list_position(e.bins, c.bin) + roll(p.i, 'elsewhere', len(e.bins) - 1)) % len(e.bins)] as h_elsewhere,
    p.begin_date as h_since,
    g.iin as h_dead_iin
from person as p
inner join clinic as c on p.place_id = c.place_id
cross join every_clinic as e
left join gone as g on p.hh = g.hh and p.i = g.beside
where not p.is_dead and u(p.i, 'attached') < 0.97;
