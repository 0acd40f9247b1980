-- grain: household; key: hh
-- Where it lives, whether it has moved before the period, and attributes that its members share.
-- inputs: place, the variables seed, people, m, origin
create or replace table household as
with drawn as (
    select
        hh,
        case when u(hh, 'group') < 0.74 then 0 when u(hh, 'group') < 0.86 then 1 else 2 end as name_group,
        -- The golden ratio spreads households over places almost exactly by weight, at any scale.
        (hh * 0.6180339887498949 + u(0, 'home')) % 1.0 as home_at,
        u(hh, 'new home') as new_home_at,
        getvariable('origin') + floor(ln(1 - u(hh, 'move')) / ln(1 - 0.0015))::bigint as move_month,
        getvariable('origin') + 1 + floor(ln(1 - u(hh, 'leave')) / ln(1 - 0.00125))::bigint as leave_month
    from range((getvariable('people') + 31) // 32 * 8) as households (hh)
),

located as (
    select
        *,
        move_month <= getvariable('m') as has_moved,
        case when move_month <= getvariable('m') then new_home_at else home_at end as at_now
    from drawn
)

select
    t.hh,
    t.name_group,
    t.move_month,
    t.leave_month,
    t.has_moved,
    p.place_id,
    t.hh * 2 + t.has_moved::bigint as dwelling,
    case
        when t.has_moved then month_start(t.move_month) + roll(t.hh, 'move day', 28)::integer
        else date '1994-01-01' + roll(t.hh, 'since', 11200)::integer
    end as begin_date
from located as t
asof inner join place as p on t.at_now >= p.cumulative
order by t.hh;

-- grain: address with a code of the address register; key: rca
-- First homes and those that households move to within ten years, so that the file is the same for every period.
create or replace table address as
with homes as (
    select
        hh * 2 as dwelling,
        (hh * 0.6180339887498949 + u(0, 'home')) % 1.0 as at_now
    from range((getvariable('people') + 31) // 32 * 8) as households (hh)
    union all
    select
        hh * 2 + 1,
        u(hh, 'new home')
    from range((getvariable('people') + 31) // 32 * 8) as households (hh)
    where floor(ln(1 - u(hh, 'move')) / ln(1 - 0.0015)) <= 120
)

select
    h.dwelling,
    p.place_id,
    rca(h.dwelling) as rca,
    p.settlement_kato as kato
from homes as h
asof inner join place as p on h.at_now >= p.cumulative
order by h.dwelling;
