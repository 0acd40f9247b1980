-- grain: household and species that it keeps; key: hh, part
-- A household has a number of slots per species; the first adult in its list of members owns the animals.
-- inputs: person, place
create or replace view keeper as
select
    hh,
    place_id,
    arg_min(iin, pos) as iin
from person
where not is_dead and age >= 18
group by all;

create or replace view herd as
select
    o.*,
    s.*,
    least(63, 1 + floor(-ln(1 - u(o.hh, 'heads ' || s.part)) * s.more))::bigint as heads
from keeper as o
inner join place as h on o.place_id = h.place_id and h.is_rural
cross join (
    values
    (1, 'КРС', '1', 0.22, 1.3),
    (2, 'МРС', '2', 0.09, 8.5),
    (3, 'Лошади', '4', 0.053, 2.4),
    (4, 'Верблюды', '5', 0.005, 2.5)
) as s (part, sheet, species_digit, keeps, more)
where u(o.hh, 'keeps ' || s.part) < s.keeps;
