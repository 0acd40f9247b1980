-- grain: person in the register; key: key (also iin)
-- inputs: person, place
create or replace view population_clean as
select
    p.i as key,
    p.iin,
    upper(p.surname) as surname,
    upper(p.name) as name,
    coalesce(upper(p.patronymic), '') as patronymic,
    p.birth_date::varchar as birth_date,
    coalesce(p.death_date::varchar, '') as death_date,
    p.sex::varchar as sex,
    case p.name_group when 0 then '005' when 1 then '001' else '057' end as nationality,
    h.gbd_code as district_code,
    case
        when u(p.dwelling, 'spelling') < 0.55 then 'С. ' || upper(h.settlement_ru)
        when u(p.dwelling, 'spelling') < 0.80 then upper(h.settlement_ru)
        when u(p.dwelling, 'spelling') < 0.92 then 'А. ' || upper(h.settlement_kk)
        else upper(h.settlement_kk)
    end as city,
    street(p.dwelling) as street,
    building(p.dwelling) as building,
    flat(p.dwelling) as flat,
    p.begin_date::varchar as begin_date,
    p.rca,
    h.gbd_old_code as h_gbd_old_code
from person as p
inner join place as h on p.place_id = h.place_id;
