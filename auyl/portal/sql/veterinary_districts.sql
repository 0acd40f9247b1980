-- grain: district of the principal's territory
-- key: district_kato
-- inputs: serving.veterinary_current, serving.territory
select
    o.district_kato,
    d.name_kk,
    d.name_ru,
    sum(v.heads) as heads,
    sum(v.heads_vaccination_due) as due,
    sum(v.heads_tested_brucellosis) as tested,
    sum(v.heads_positive_brucellosis) as positive
from serving.veterinary_current as v
inner join serving.territory as o on v.okrug_kato = o.kato and o.edition = access.current_edition()
inner join serving.territory as d on o.district_kato = d.kato and o.edition = d.edition
where v.period = %(period)s
group by o.district_kato, d.name_kk, d.name_ru
order by sum(v.heads_vaccination_due) desc, o.district_kato;
