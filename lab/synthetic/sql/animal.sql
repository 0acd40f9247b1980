-- grain: animal on the last day of the period; key: key (also tag)
-- A herd has slots. An animal occupies its slot for one to seven years, then another one follows, so that most tags are
-- the same from month to month. Tags are unique up to two million people.
-- Vaccination is due three months after birth and then every year, a test for brucellosis after six months; some are
-- skipped. Dates never change later, and the veterinary events of a month are derived from its animals.
-- inputs: herd, organisation, the variables m, seed
create or replace view animal as
with slot as (
    select
        k.*,
        unnest(range(heads)) as slot
    from herd as k
),

cycle as (
    select
        *,
        (hh * 64 + slot) * 4 + part - 1 as key,
        12 + roll((hh * 64 + slot) * 4 + part - 1, 'life', 72) as life,
        getvariable('m') + roll((hh * 64 + slot) * 4 + part - 1, 'phase', 84) as clock
    from slot
),

living as (
    select
        *,
        clock % life as age_months,
        clock // life as generation,
        key * 64 + clock // life as life_key
    from cycle
),

treated as (
    select
        *,
        getvariable('m') - age_months as birth_month,
        -- number of the last one that was not skipped
        case
            when age_months >= 3
                then list_filter(
                    range((age_months - 3) // 12, -1, -1), lambda k: u(life_key * 16 + k, 'vaccinated') < 0.88
                )[1]
        end as vaccination,
        case
            when age_months >= 6
                then list_filter(
                    range((age_months - 6) // 12, -1, -1), lambda k: u(life_key * 16 + k, 'tested') < 0.8
                )[1]
        end as test
    from living
)

select
    t.key,
    t.life_key,
    t.part,
    t.hh,
    t.place_id,
    'KZB' || t.species_digit
    || pad((((t.hh * 64 + t.slot) * 3 + t.generation % 3) * 48271 + getvariable('seed') * 7919) % 100000000, 8) as tag,
    month_start(t.birth_month) + roll(t.life_key, 'born', 28)::integer as born,
    month_start(t.birth_month + 3 + 12 * t.vaccination)
    + roll(t.life_key * 16 + t.vaccination, 'vaccinated on', 28)::integer as vaccinated_on,
    month_start(t.birth_month + 6 + 12 * t.test)
    + roll(t.life_key * 16 + t.test, 'tested on', 28)::integer as tested_on,
    t.test is not null and u(t.life_key * 16 + t.test, 'brucellosis') < 0.009 as is_positive,
    coalesce(f.number, t.iin) as owner
from treated as t
-- Animals of a farm are registered under the farm's number.
left join organisation as f on t.hh = f.hh and f.kind = 'farm' and f.closed_on is null;
