-- grain: district of the principal's territory, the worst headline first
-- key: district_kato
-- inputs: serving.<subject>_current, serving.snapshot, serving.territory
select
    o.district_kato,
    d.name_kk,
    d.name_ru,
    ${figures}
from serving.${subject}_current as v
inner join serving.snapshot as s on v.period = s.period and v.revision = s.revision
inner join serving.territory as o on v.okrug_kato = o.kato and s.edition = o.edition
inner join serving.territory as d on o.district_kato = d.kato and o.edition = d.edition
where v.period = %(period)s
group by o.district_kato, d.name_kk, d.name_ru
order by ${worst_first}, o.district_kato;
