-- grain: organisation or sole trader; key: org
-- Farms, firms and sole traders belong to a household, whose head leads them; they close when it moves or the head
-- dies. Facilities belong to a place: a school from 150 people on, a clinic or a medical post, and in the first place
-- of an okrug, whatever its size, a school, a clinic, an akimat and a veterinary station. The number of a sole trader
-- is the ИИН of the head, that of all others a БИН.
-- inputs: place, household, person, the variables seed, people, m, origin
create or replace table organisation as
with head as (
    select
        hh,
        i,
        iin,
        surname,
        name
    from person
    where pos = 0 and not is_dead
),

-- Numbered over all that can ever exist, so that a number does not depend on which of them still exist.
founded as (
    select
        *,
        row_number() over (partition by begin_month, kind = 'farm' order by org) as serial
    from (
        select
            h.hh * 4 + k.kind_no as org,
            k.kind,
            h.hh,
            k.rural_share,
            k.urban_share,
            -- a third of the firms were founded after the oblast's first month
            case
                when u(h.hh * 4 + k.kind_no, 'new') < 0.3
                    then getvariable('origin') + roll(h.hh * 4 + k.kind_no, 'new since', 120)
                else getvariable('origin') - 1 - roll(h.hh * 4 + k.kind_no, 'since', 240)
            end as begin_month
        from household as h
        cross join (
            values (0, 'farm', 0.05, 0.004), (1, 'firm', 0.008, 0.02), (2, 'sole_trader', 0.06, 0.11)
        ) as k (kind_no, kind, rural_share, urban_share)
        where u(h.hh * 4 + k.kind_no, 'organisation') < greatest(k.rural_share, k.urban_share)
    )
),

of_household as (
    select
        f.org,
        f.kind,
        f.hh,
        h.place_id,
        d.i as head_i,
        d.iin as head_iin,
        d.surname as head_surname,
        d.name as head_name,
        f.begin_month,
        getvariable('origin') + floor(ln(1 - u(f.org, 'close')) / ln(1 - 0.004))::bigint as close_month,
        f.serial
    from founded as f
    inner join household as h on f.hh = h.hh
    inner join head as d on f.hh = d.hh
    inner join place as p on h.place_id = p.place_id
    where
        h.leave_month > getvariable('m')
        and not h.has_moved
        and u(f.org, 'organisation') < case when p.is_rural then f.rural_share else f.urban_share end
),

sized as (
    select
        place_id,
        okrug_kato,
        is_rural,
        getvariable('people') * (coalesce(lead(cumulative) over (order by cumulative), 1) - cumulative) as people,
        row_number() over (partition by okrug_kato order by place_id) as nth_in_okrug
    from place
),

of_place as (
    select
        2 * getvariable('people') + s.place_id * 64 + k.kind_no as org,
        k.kind,
        null::bigint as hh,
        s.place_id,
        null::bigint as head_i,
        null::varchar as head_iin,
        null::varchar as head_surname,
        null::varchar as head_name,
        getvariable('origin') - 12 * (21 + roll(s.place_id * 64 + k.kind_no, 'since', 30)) as begin_month,
        null::bigint as close_month,
        s.place_id * 8 + k.kind_no as serial
    from sized as s
    cross join (
        values (0, 'school'), (1, 'clinic'), (2, 'medical_post'), (3, 'akimat'), (4, 'veterinary_station'), (5, 'club')
    ) as k (kind_no, kind)
    where
        case k.kind
            when 'school' then s.people >= 150 or s.nth_in_okrug = 1
            when 'clinic' then s.people >= 2000 or s.nth_in_okrug = 1
            when 'medical_post' then s.people >= 50 and s.people < 2000 and s.nth_in_okrug > 1
            when 'club' then s.people >= 500
            else s.nth_in_okrug = 1
        end
),

begun as (
    select * from of_household
    union all
    select * from of_place
),

coded as (
    select
        *,
        strftime(month_start(begin_month), '%y%m') || case when kind = 'farm' then '44' else '40' end
        || pad(2 * ((serial * 1237 + roll(begin_month, 'bin serial', 50000)) % 50000), 5) as eleven
    from begun
),

checked as (
    select
        *,
        check_digit(eleven) as first_check,
        left(eleven, 10) || (digit(eleven, 11) + 1)::varchar as next_eleven
    from coded
)

select
    c.org,
    c.kind,
    c.hh,
    c.place_id,
    c.head_i,
    c.head_iin,
    case
        when c.kind = 'sole_trader' then c.head_iin
        when c.first_check < 10 then c.eleven || c.first_check::varchar
        else c.next_eleven || check_digit(c.next_eleven)::varchar
    end as number,
    case c.kind
        when 'farm' then 'КХ «' || title(coalesce(c.head_surname, '')) || '»'
        when 'firm' then 'ТОО «' || choice(c.org, 'word', [
            'Арман', 'Береке', 'Достык', 'Ақ бидай', 'Жетысу Агро', 'Алатау Құрылыс', 'Жер-Ана', 'Шаруа', 'Байтерек',
            'Нұр Жол', 'Сарыарқа', 'Іле Сүт', 'Каскелен Сервис', 'Самал', 'Ынтымақ', 'Талгар Плодоовощ'
        ]) || ' ' || (1 + roll(c.org, 'word no', 99))::varchar || '»'
        when 'sole_trader' then 'ИП ' || c.head_surname || ' ' || left(c.head_name, 1) || '.'
        when 'school' then 'КГУ «Средняя школа села ' || p.settlement_ru || '»'
        when 'clinic' then 'ГКП «Врачебная амбулатория села ' || p.settlement_ru || '»'
        when 'medical_post' then 'Медицинский пункт села ' || p.settlement_ru
        when 'akimat' then 'ГУ «Аппарат акима ' || p.okrug_ru || '»'
        when 'veterinary_station' then 'Ветеринарный пункт ' || p.okrug_ru
        when 'club' then 'Сельский клуб ' || p.settlement_ru
    end as name_ru,
    case c.kind
        when 'farm' then choice(c.org, 'oked', ['01191', '01411', '01450', '01430', '01130', '01500'])
        when 'firm' then choice(c.org, 'oked', [
            '10511', '10110', '10610', '46210', '47111', '41201', '49410', '01411', '56101'
        ])
        when 'sole_trader' then choice(c.org, 'oked', ['47111', '47191', '49320', '96021', '56101', '45201', '95110'])
        when 'school' then '85310'
        when 'clinic' then '86210'
        when 'medical_post' then '86900'
        when 'akimat' then '84113'
        when 'veterinary_station' then '75000'
        when 'club' then '93290'
    end as oked,
    month_start(c.begin_month) + roll(c.org, 'begin day', 28)::integer as registered_on,
    case
        when c.close_month <= getvariable('m') then month_start(c.close_month) + roll(c.org, 'close day', 28)::integer
    end as closed_on
from checked as c
inner join place as p on c.place_id = p.place_id
where c.begin_month <= getvariable('m')
order by c.org;
