-- grain: settlement of one district, the worst headline first
-- key: okrug_kato, settlement_kato
-- inputs: serving.<subject>_current, serving.snapshot, serving.territory
select
    v.okrug_kato,
    v.settlement_kato,
    v.settlement_kk,
    v.settlement_ru,
    o.name_kk as okrug_kk,
    o.name_ru as okrug_ru,
    ${figures}
from serving.${subject}_current as v
inner join serving.snapshot as s on v.period = s.period and v.revision = s.revision
inner join serving.territory as o on v.okrug_kato = o.kato and s.edition = o.edition
where v.period = %(period)s and o.district_kato = %(district)s
group by v.okrug_kato, v.settlement_kato, v.settlement_kk, v.settlement_ru, o.name_kk, o.name_ru
order by ${worst_first}, v.okrug_kato, v.settlement_kato;
