-- grain: payer, code of payment (КБК) and month with a movement or a debt; key: key
-- A debt lasts six months and is paid off in the month after.
-- inputs: person, place, organisation, the variables m, first_day
create or replace view taxes_clean as
with payment_kind as (
    select *
    from (
        values
        (0, 'citizen', '104102', 0.62, 6.2, 0.3, 0.07),
        (1, 'citizen', '104302', 0.55, 5.6, 0.3, 0.07),
        (2, 'citizen', '104402', 0.34, 7.6, 0.3, 0.08),
        (3, 'farm', '104501', 0.9, 9.2, 0.85, 0.12),
        (4, 'farm', '101201', 0.5, 9.9, 0.85, 0.1),
        (3, 'firm', '101201', 0.9, 11.3, 0.95, 0.1),
        (4, 'firm', '104101', 0.6, 10.4, 0.85, 0.12),
        (5, 'firm', '104401', 0.5, 9.4, 0.85, 0.12),
        (3, 'sole_trader', '101202', 0.9, 9.5, 0.85, 0.14),
        (4, 'sole_trader', '104101', 0.25, 7.8, 0.85, 0.1)
    ) as t (kind_no, class, kbk, pays, log_amount, moves, owes)
),

payer as (
    select
        hh * 2 as payer_no,
        'citizen' as class,
        place_id,
        arg_min(iin, pos) as number,
        arg_min(concat_ws(' ', surname, name, patronymic), pos) as name
    from person
    where not is_dead and age >= 18
    group by hh, place_id
    union all
    select
        org * 2 + 1,
        kind,
        place_id,
        number,
        name_ru
    from organisation
    where kind in ('farm', 'firm', 'sole_trader') and closed_on is null
),

account as (
    select
        p.*,
        k.kbk,
        k.moves,
        k.owes,
        p.payer_no * 8 + k.kind_no as key,
        floor(exp(k.log_amount + 0.5 * gauss(p.payer_no * 8 + k.kind_no, 'size')))::bigint as monthly_kzt,
        (getvariable('m') + roll(p.payer_no * 8 + k.kind_no, 'spell', 6)) // 6 as spell,
        (getvariable('m') + roll(p.payer_no * 8 + k.kind_no, 'spell', 6)) % 6 as months
    from payer as p
    inner join payment_kind as k on p.class = k.class
    where u(p.payer_no * 8 + k.kind_no, 'pays') < k.pays
),

standing as (
    select
        *,
        u(key * 4096 + spell, 'owes') < owes as is_owing,
        months = 0 and u(key * 4096 + spell - 1, 'owes') < owes as is_paying_back,
        u(key * 4096 + getvariable('m'), 'moves') < moves as is_moving
    from account
)

select
    s.key,
    s.number as payer,
    upper(s.name) as payer_name,
    case s.class
        when 'citizen' then 'ФЛ' when 'sole_trader' then 'ИП' when 'farm' then 'КХ' else 'ЮЛ'
    end as payer_kind,
    s.kbk,
    left(h.district_kato, 4) as tax_office,
    h.okrug_kato as kato,
    strftime(getvariable('first_day'), '%Y-%m') as month,
    concat(
        s.monthly_kzt, '.', case when u(s.key, 'tiyn') < 0.9 then '00' else pad(roll(s.key, 'cents', 100), 2) end
    ) as accrued,
    case
        when s.is_owing then 0
        when s.is_paying_back then s.monthly_kzt * 7
        else s.monthly_kzt
    end::varchar || '.00' as paid,
    case when s.is_owing then s.monthly_kzt * (s.months + 1) else 0 end::varchar || '.00' as arrears,
    case
        when s.is_owing then ''
        else (getvariable('first_day') + roll(s.key * 4096 + getvariable('m'), 'paid on', 28)::integer)::varchar
    end as last_paid
from standing as s
inner join place as h on s.place_id = h.place_id
where s.is_moving or s.is_owing or s.is_paying_back;
