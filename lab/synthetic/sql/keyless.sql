-- grain: record without a person number; key: record
-- Every kind of noise is drawn independently, so a record may have several. `person` is the ИИН of the person that the
-- record is about, null for a stranger: someone of another oblast whom no registry here knows.
-- inputs: person, stranger (as person), place, name_surname, noise (kind, rate), the variables seed, share
create or replace table keyless as
with someone as (
    select
        false as is_stranger,
        p.*
    from person as p
    where not p.is_dead
    union all
    select
        true as is_stranger,
        s.*
    from stranger as s
    where not s.is_dead
),

drawn as (
    select
        row_number() over (order by mixed(i + case when is_stranger then 1000000007 else 0 end, 'keyless'))
        as record,
        *
    from someone
    where is_stranger or u(i, 'is keyless') < getvariable('share')
),

rates as (
    select map_from_entries(list({ 'k': kind, 'v': rate })) as rate
    from noise
),

-- the kinds of noise of each record
noisy as (
    select
        d.*,
        list_filter(map_keys(rate), lambda kind: u(d.record, kind) < rate[kind]) as kinds
    from drawn as d
    cross join rates
),

placed as (
    select
        f.*,
        h.settlement_kato as home_settlement,
        h.district_kato as home_district,
        other.settlement_kato as other_settlement,
        other.district_kato as other_district,
        case when f.sex = 1 then s.man else s.woman end as other_surname
    from noisy as f
    left join place as h on f.place_id = h.place_id
    left join place as other on roll(f.record, 'moved to', (select count(*) from place)) = other.place_id
    left join name_surname as s
        on
            f.name_group = s.name_group
            and roll(f.record, 'maiden name', getvariable('surname_total')[f.name_group + 1]) = s.idx
),

swapped as (
    select
        *,
        list_contains(kinds, 'names_swapped') as is_swapped,
        case
            when list_contains(kinds, 'married_name') and sex = 2 and age >= 18 then other_surname
            else surname
        end as noisy_surname,
        case
            when list_contains(kinds, 'patronymic_missing') then null
            when list_contains(kinds, 'patronymic_form') then other_patronymic_form(patronymic)
            else patronymic
        end as noisy_patronymic
    from placed
),

typed as (
    select
        *,
        case when list_contains(kinds, 'typo_surname') then typo(noisy_surname, record) else noisy_surname end as s,
        case when list_contains(kinds, 'typo_given_name') then typo(name, record) else name end as g
    from swapped
),

spelled as (
    select
        record,
        is_stranger,
        iin,
        kinds,
        sex,
        birth_date,
        home_settlement,
        home_district,
        other_settlement,
        other_district,
        list_transform(
            [case when is_swapped then g else s end, case when is_swapped then s else g end, noisy_patronymic],
            lambda t: spelled_as(t, kinds)
        ) as names
    from typed
)

select
    record,
    case when not is_stranger then iin end as person,
    array_to_string(kinds, ' ') as kinds,
    names[1] as surname,
    names[2] as given_name,
    names[3] as patronymic,
    case
        when list_contains(kinds, 'birth_date_missing') then null
        when list_contains(kinds, 'day_month_swapped') and day(birth_date) <= 12
            then make_date(year(birth_date), day(birth_date), month(birth_date))
        when list_contains(kinds, 'birth_year_mistyped')
            then make_date(year(birth_date) + choice(record, 'year off', [-10, -1, 1, 10]), month(birth_date), 1)
                + least(day(birth_date), 28)::integer - 1
        when list_contains(kinds, 'birth_day_mistyped')
            then make_date(year(birth_date), month(birth_date), roll(record, 'other day', 28) + 1)
        else birth_date
    end as birth_date,
    case when list_contains(kinds, 'sex_missing') then null when sex = 1 then 'm' else 'f' end as sex,
    case
        when list_contains(kinds, 'place_missing') then null
        when list_contains(kinds, 'moved') then other_settlement
        else home_settlement
    end as settlement_kato,
    case
        when list_contains(kinds, 'place_missing') then null
        when list_contains(kinds, 'moved') then other_district
        else home_district
    end as district_kato
from spelled
order by record;
