-- grain: animal on the last day of the period; key: key (also tag)
-- inputs: animal, place, the variable as_of
create or replace view livestock_clean as
select
    d.key,
    d.part,
    ['КРС', 'МРС', 'Лошади', 'Верблюды'][d.part] as h_sheet,
    d.tag,
    case d.part
        when 1 then 'крупный рогатый скот'
        when 2 then case when u(d.key, 'goat') < 0.2 then 'коза' else 'овца' end
        when 3 then 'лошадь'
        else 'верблюд'
    end as species,
    case when u(d.life_key, 'sex') < 0.28 then 'самец' else 'самка' end as sex,
    dmy(d.born) as birth_date,
    d.owner,
    case when u(d.hh, 'kato of okrug') < 0.15 then h.okrug_kato else h.settlement_kato end as kato,
    case when u(d.hh, 'place form') < 0.7 then 'с.' || h.settlement_ru else h.settlement_kk end as settlement,
    coalesce(dmy(d.vaccinated_on), '') as vaccinated,
    coalesce(dmy(d.tested_on), '') as tested,
    case
        when d.tested_on is null then ''
        when d.is_positive then 'положительный'
        else 'отрицательный'
    end as result,
    dmy(getvariable('as_of')) as report_date,
    u(d.hh, 'excel dates') < 0.3 as h_has_dates
from animal as d
inner join place as h on d.place_id = h.place_id;
