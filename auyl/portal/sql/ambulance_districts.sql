-- grain: district of the principal's territory
-- key: district_kato
-- inputs: serving.ambulance_current, serving.territory
select
    o.district_kato,
    d.name_kk,
    d.name_ru,
    sum(a.calls) as calls,
    sum(a.calls_urgent) as calls_urgent,
    sum(a.calls_within_norm) as within_norm,
    sum(a.calls_measured) as measured
from serving.ambulance_current as a
inner join serving.territory as o on a.okrug_kato = o.kato and o.edition = access.current_edition()
inner join serving.territory as d on o.district_kato = d.kato and o.edition = d.edition
where a.period = %(period)s
group by o.district_kato, d.name_kk, d.name_ru
order by sum(a.calls_within_norm)::numeric / nullif(sum(a.calls_measured), 0) nulls last, o.district_kato;
