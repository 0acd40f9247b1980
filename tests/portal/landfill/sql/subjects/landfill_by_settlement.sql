-- Grain: settlement and source; settlement_kato '' for what is known by okrug only.
-- Key: okrug_kato, settlement_kato, source. Inputs: waste_site, okrug, territory.
select
    w.okrug_kato,
    coalesce(w.settlement_kato, '') as settlement_kato,
    any_value(t.name_ru) as settlement_ru,
    any_value(t.name_kk) as settlement_kk,
    w.source,
    count(*) as sites,
    count(*) filter (where w.kind = 'dump' and w.status = 'open') as dumps_open,
    max(w.area_ha) as area_largest_ha
from waste_site as w
left join territory as t on w.settlement_kato = t.kato
where w.okrug_kato in (select o.kato from okrug as o) and w.source is not null
group by w.okrug_kato, coalesce(w.settlement_kato, ''), w.source
order by all
