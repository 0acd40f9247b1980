-- grain: family; key: key (also family)
-- A family that receives АСП (assistance for the poor) is at level D or E in that quarter; the others are assessed
-- every quarter, most with the same result. The number is the family account of social assistance.
-- inputs: person, place, the variables m, as_of
create or replace view family_card_clean as
with family as (
    select
        p.hh,
        any_value(p.place_id) as place_id,
        min_by(p.iin, case when p.age >= 18 then p.pos else 1000000000 * (1 + p.pos) + p.i end) as head_iin,
        count(*) as members,
        count(*) filter (p.age < 18) as children
    from person as p
    where not p.is_dead
    group by p.hh
),

assessed as (
    select
        *,
        getvariable('m') // 3 as quarter,
        u(hh * 4096 + getvariable('m') // 3, 'poor') < 0.013 as is_poor,
        -- two families in three never change their level
        u(case when u(hh, 'steady') < 0.67 then hh else hh * 4096 + getvariable('m') // 3 end, 'level') as standing
    from family
),

levelled as (
    select
        *,
        case
            when is_poor then case when u(hh, 'emergency') < 0.35 then 'E' else 'D' end
            when standing < 0.24 then 'A'
            when standing < 0.68 then 'B'
            when standing < 0.93 then 'C'
            when standing < 0.985 then 'D'
            else 'E'
        end as level
    from assessed
)

select
    l.hh as key,
    '19' || pad(l.hh, 8) as family,
    l.head_iin,
    l.members::varchar as members,
    l.children::varchar as children,
    l.level,
    replace(
        (case l.level when 'A' then 160000 when 'B' then 90000 when 'C' then 56000 when 'D' then 34000 else 18000 end
            + roll(l.hh * 4096 + l.quarter, 'income', 15000))::varchar || '.' || pad(roll(l.hh, 'tiyn', 100), 2),
        '.', ','
    ) as income,
    h.settlement_kato as kato,
    dmy(month_start(l.quarter * 3) + roll(l.hh * 4096 + l.quarter, 'assessed', 25)::integer) as assessed,
    strftime(getvariable('as_of'), '%m.%Y') as period
from levelled as l
inner join place as h on l.place_id = h.place_id;
