-- grain: person of the register in the period, including those who died in the last twelve months; key: i (also iin)
-- The eleventh digit of ИИН is even. Where that gives no check digit, the next odd one does, since the weight of that
-- digit is 11 in the first pass and 2 in the second. So every person gets a number, and no two the same.
-- A marriage or a change of name changes the surname from its month on, never the ИИН; `former_surname` is the surname
-- of the previous month.
-- inputs: household, place, name_given, name_surname, name_patronymic, the variables seed, people, m, origin, as_of
create or replace table person as
with member as (
    -- A cycle of 32 persons makes eight households, of 2, 3, 5, 4, 1, 6, 4 and 7 members.
    select
        i,
        (i // 32) * 8 + turn.hh as hh,
        turn.pos,
        turn.size,
        null::bigint as birth_month
    from range(getvariable('people')) as base (i)
    inner join (
        select
            row_number() over (order by hh, pos) - 1 as place_in_turn,
            *
        from (
            select
                hh,
                size,
                unnest(range(size)) as pos
            from (values (0, 2), (1, 3), (2, 5), (3, 4), (4, 1), (5, 6), (6, 4), (7, 7)) as sizes (hh, size)
        )
    ) as turn on i % 32 = turn.place_in_turn
),

newborn as (
    select
        getvariable('people') + n as i,
        roll(getvariable('people') + n, 'born to', (getvariable('people') + 31) // 32 * 8) as hh,
        100 as pos,
        0 as size,
        getvariable('origin') + n // greatest(1, (getvariable('people') * 18) // 10000) as birth_month
    from range(
        greatest(0, getvariable('m') - getvariable('origin') + 1) * greatest(1, (getvariable('people') * 18) // 10000)
    ) as births (n)
),

head as (
    select
        *,
        case
            when size <= 2 and pos < 100 then 34 + 54 * u(hh, 'head age') ^ 1.4
            else 23 + 33 * u(hh, 'head age')
        end as head_age,
        u(hh, 'head sex') < case when size = 1 then 0.45 else 0.82 end as is_head_man
    from (
        select * from member
        union all
        select * from newborn
    )
),

aged as (
    select
        *,
        case
            when pos = 0 then head_age
            when pos = 1 then greatest(18.5, head_age - 3 + 7 * (u(i, 'age') - 0.5))
            when pos = 100 then null
            when size >= 6 and pos = size - 1 then least(96, head_age + 20 + 9 * u(i, 'age'))
            else least(27, greatest(1, head_age - 19)) * u(i, 'age') ^ 0.8
        end as age,
        case
            when pos = 0 then is_head_man
            when pos = 1 then not is_head_man
            else u(i, 'sex') < 0.512
        end as is_man
    from head
),

dated as (
    select
        *,
        case
            when pos = 100 then month_start(birth_month) + roll(i, 'birth day', 28)::integer
            else date '2025-01-01' - 1 - floor(age * 365.25)::integer
        end as birth_date,
        -- Gompertz: mortality doubles every eight years of age.
        case
            when age >= 2
                then getvariable('origin') - 12
                    + floor(ln(1 - u(i, 'death')) / ln(1 - least(0.5, 0.0000065 * exp(0.086 * age))))::bigint
        end as death_month,
        -- Seven young couples in ten marry in one of the oblast's first 120 months; until then her surname is
        -- different.
        case
            when pos = 1 and not is_man and age < 36 and u(hh, 'marries') < 0.7
                then getvariable('origin') + roll(hh, 'wedding', 120)
        end as wedding_month,
        case
            when pos = 1 and not is_man and u(hh, 'parts') < 0.13
                then getvariable('origin') + roll(hh, 'parting', 120)
        end as parting_month,
        case
            when age between 18 and 60 and u(i, 'other name') < 0.004
                then getvariable('origin') + roll(i, 'other name since', 120)
        end as renaming_month
    from aged
),

numbered as (
    select
        *,
        row_number() over (partition by birth_date, is_man order by i) as serial
    from dated
),

listed as (
    select
        n.*,
        h.name_group,
        h.place_id,
        h.dwelling,
        h.has_moved,
        h.begin_date,
        case when n.is_man then 1 else 2 end as sex,
        coalesce(n.death_month <= getvariable('m'), false) as is_dead,
        strftime(n.birth_date, '%y%m%d')
        || (case when year(n.birth_date) < 2000 then 3 else 5 end + case when n.is_man then 0 else 1 end)::varchar
        || pad(
            2 * ((n.serial * 1237 + roll(date_diff('day', date '1900-01-01', n.birth_date), 'serial', 5000)) % 5000), 4
        )
        as eleven
    from numbered as n
    inner join household as h on n.hh = h.hh
    where
        n.birth_date <= getvariable('as_of')
        and h.leave_month > getvariable('m')
        and (n.death_month is null or n.death_month > getvariable('m') - 12)
),

-- Surnames by the month from which they are used; one wife in eight does not change hers.
surnamed as (
    select
        *,
        case
            when renaming_month <= getvariable('m') then u(i, 'other surname')
            when wedding_month <= getvariable('m') and u(i, 'keeps surname') >= 0.12 then u(hh, 'surname')
            when wedding_month is not null then u(i, 'maiden surname')
            else u(hh, 'surname')
        end as surname_at,
        case
            when renaming_month < getvariable('m') then u(i, 'other surname')
            when wedding_month < getvariable('m') and u(i, 'keeps surname') >= 0.12 then u(hh, 'surname')
            when wedding_month is not null then u(i, 'maiden surname')
            else u(hh, 'surname')
        end as former_surname_at
    from listed
),

named as (
    select
        l.*,
        -- the power makes the first names of a list more common
        floor(l.surname_at ^ 1.3 * getvariable('surname_total')[l.name_group + 1])::bigint as surname_idx,
        floor(l.former_surname_at ^ 1.3 * getvariable('surname_total')[l.name_group + 1])::bigint
        as former_surname_idx,
        floor(u(l.i, 'name') ^ 1.8 * getvariable('given_total')[l.name_group * 2 + l.sex])::bigint as name_idx,
        floor(
            case when l.pos >= 2 then u(l.hh, 'father of all') else u(l.i, 'father') end ^ 1.8
            * getvariable('given_total')[l.name_group * 2 + 1]
        )::bigint as father_idx,
        check_digit(l.eleven) as first_check,
        left(l.eleven, 10) || (digit(l.eleven, 11) + 1)::varchar as next_eleven,
        u(l.hh, 'patronymic style') as style_at,
        u(l.i, 'patronymic') as patronymic_at
    from surnamed as l
)

select
    n.i,
    n.hh,
    n.pos,
    case
        when n.first_check < 10 then n.eleven || n.first_check::varchar
        else n.next_eleven || check_digit(n.next_eleven)::varchar
    end as iin,
    case when n.is_man then s.man else s.woman end as surname,
    case when n.is_man then b.man else b.woman end as former_surname,
    g.name,
    case
        when n.patronymic_at < 0.04 then null
        when n.name_group = 0 and n.style_at < 0.6 then case when n.is_man then f.son_kk else f.daughter_kk end
        when n.is_man then f.son_ru
        else f.daughter_ru
    end as patronymic,
    n.birth_date,
    n.sex,
    n.name_group,
    n.is_dead,
    case when n.is_dead then month_start(n.death_month) + roll(n.i, 'death day', 28)::integer end as death_date,
    date_diff('month', n.birth_date, getvariable('as_of')) // 12 as age,
    n.place_id,
    n.dwelling,
    case when n.birth_date > n.begin_date then n.birth_date else n.begin_date end as begin_date,
    rca(n.dwelling) as rca,
    n.wedding_month,
    case
        when n.parting_month > coalesce(n.wedding_month, 0) then n.parting_month
    end as parting_month,
    n.renaming_month
from named as n
inner join name_given as g on n.name_group = g.name_group and n.sex = g.sex and n.name_idx = g.idx
inner join name_surname as s on n.name_group = s.name_group and n.surname_idx = s.idx
inner join name_surname as b on n.name_group = b.name_group and n.former_surname_idx = b.idx
inner join name_patronymic as f on n.name_group = f.name_group and n.father_idx = f.idx
order by n.i;
