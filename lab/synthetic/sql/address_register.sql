-- grain: address in the register; key: key (also rca)
-- Street, building and flat are those of population. A few addresses are abolished each month and stay in the register.
-- inputs: address, the variables m, origin
create or replace view address_register_clean as
with dated as (
    select
        *,
        date '2007-01-01' + roll(dwelling, 'address since', 6500)::integer as created,
        getvariable('origin') + floor(ln(1 - u(dwelling, 'abolished')) / ln(1 - 0.0003))::bigint as end_month
    from address
)

select
    d.dwelling as key,
    d.rca,
    (100000 + d.place_id * 7)::varchar as ats_id,
    d.kato,
    case when u(d.dwelling, 'street kind') < 0.9 then 'улица' else 'переулок' end as street_type,
    title(street(d.dwelling)) as street,
    building(d.dwelling) as building,
    flat(d.dwelling) as flat,
    case when d.end_month <= getvariable('m') then '2' else '1' end as status,
    d.created::varchar as created,
    case
        when d.end_month <= getvariable('m') then month_start(d.end_month) + roll(d.dwelling, 'end day', 28)::integer
        else d.created
    end::varchar as updated
from dated as d;
