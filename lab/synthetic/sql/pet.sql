-- grain: registered dog or cat, including those that died in the last twelve months; key: key (also chip)
-- Registration began in September 2023 (law 97-VII). A pet is registered some months after its birth and then
-- vaccinated against rabies every year, unless its owner forgets. A lost pet is removed after a year. Chips are unique.
-- inputs: keeper, place, the variables m, seed
create or replace view pet as
with slots as (
    select
        k.*,
        h.is_rural,
        s.slot,
        case when s.slot < 2 then 'dog' else 'cat' end as species
    from keeper as k
    inner join place as h on k.place_id = h.place_id
    cross join (values (0, 0.15, 0.06), (1, 0.03, 0.01), (2, 0.07, 0.1)) as s (slot, rural_share, urban_share)
    where u(k.hh * 4 + s.slot, 'pet') < case when h.is_rural then s.rural_share else s.urban_share end
),

cycle as (
    select
        *,
        hh * 4 + slot as place_key,
        40 + roll(hh * 4 + slot, 'pet life', 120) as life,
        getvariable('m') + roll(hh * 4 + slot, 'pet phase', 160) as clock
    from slots
),

lives as (
    -- the previous pet of the slot too, for twelve months after its death
    select
        *,
        clock // life - back.n as generation,
        clock % life + back.n * life as age_months,
        clock % life + 1 as months_since_change,
        back.n = 1 as is_dead
    from cycle
    cross join (values (0), (1)) as back (n)
    where back.n = 0 or clock % life < 12
),

born as (
    select
        *,
        (place_key * 16 + generation % 16) as key,
        getvariable('m') - age_months as birth_month
    from lives
),

registered as (
    select
        *,
        greatest(
            birth_month + 2 + floor(-ln(1 - u(key, 'pet registered')) * 22)::bigint,
            2023 * 12 + 8 + roll(key, 'first registered', 20)
        ) as register_month
    from born
),

loss_drawn as (
    select
        *,
        register_month + 1 + floor(ln(1 - u(key, 'pet lost')) / ln(1 - 0.004))::bigint as lost_month,
        case when is_dead then getvariable('m') - months_since_change else getvariable('m') end as last_month
    from registered
    where register_month <= case when is_dead then getvariable('m') - months_since_change else getvariable('m') end
),

observed as (
    select
        *,
        lost_month <= last_month as is_lost,
        -- years until it was lost or died; a vaccination may be skipped
        (least(last_month, lost_month - 1) - register_month) // 12 as years
    from loss_drawn
),

treated as (
    select
        *,
        register_month + 12 * list_filter(
            range(years, -1, -1), lambda k: u(key * 16 + k, 'pet vaccinated') < 0.8
        )[1] as vaccination_month
    from observed
)

select
    t.key,
    t.hh,
    t.place_id,
    t.iin,
    t.species,
    '398' || pad((t.key * 7368787 + getvariable('seed') * 104729) % 1000000000000, 12) as chip,
    u(t.key, 'pet sex') < 0.55 as is_male,
    month_start(t.birth_month) + roll(t.key, 'pet born', 28)::integer as born,
    month_start(t.register_month) + roll(t.key, 'pet register day', 14)::integer as registered_on,
    month_start(t.vaccination_month) + 14 + roll(t.key * 16 + t.vaccination_month, 'pet day', 14)::integer
        as vaccinated_on,
    u(t.key, 'sterilised') < 0.31 and t.register_month + 3 <= getvariable('m') as is_sterilised,
    case when t.is_lost then 'lost' when t.is_dead then 'dead' else 'alive' end as status,
    case
        when t.is_lost then month_start(t.lost_month) + roll(t.key, 'pet lost on', 28)::integer
        when t.is_dead then month_start(t.last_month + 1) + roll(t.key, 'pet death', 28)::integer
    end as status_on
from treated as t
where not t.is_lost or t.lost_month > getvariable('m') - 12;
