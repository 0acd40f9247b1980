-- grain: settlement of one district, the worst arrival first
-- key: okrug_kato, settlement_kato
-- inputs: serving.ambulance_current, serving.territory
select
    a.*,
    o.name_kk as okrug_kk,
    o.name_ru as okrug_ru
from serving.ambulance_current as a
inner join serving.territory as o on a.okrug_kato = o.kato and o.edition = access.current_edition()
where a.period = %(period)s and o.district_kato = %(district)s
order by
    a.calls_within_norm::numeric / nullif(a.calls_measured, 0) nulls last,
    a.arrival_median_min desc,
    a.okrug_kato,
    a.settlement_kato;
