-- grain: settlement of one district, the most animals due for vaccination first; herds as an array of species
-- key: okrug_kato, settlement_kato
-- inputs: serving.veterinary_current, serving.territory
select
    v.okrug_kato,
    v.settlement_kato,
    v.settlement_kk,
    v.settlement_ru,
    o.name_kk as okrug_kk,
    o.name_ru as okrug_ru,
    sum(v.heads) as heads,
    sum(v.heads_vaccination_due) as due,
    sum(v.heads_tested_brucellosis) as tested,
    sum(v.heads_positive_brucellosis) as positive,
    json_agg(
        json_build_array(v.species, v.heads, v.heads_vaccination_due, v.heads_positive_brucellosis, v.owners)
        order by v.heads desc
    ) as herds
from serving.veterinary_current as v
inner join serving.territory as o on v.okrug_kato = o.kato and o.edition = access.current_edition()
where v.period = %(period)s and o.district_kato = %(district)s
group by v.okrug_kato, v.settlement_kato, v.settlement_kk, v.settlement_ru, o.name_kk, o.name_ru
order by sum(v.heads_vaccination_due) desc, v.okrug_kato, v.settlement_kato;
