-- Grain: site as one source says it. Key: site_id, source. Inputs: stage_waste_sites, place.
select
    w.site_id,
    w.source,
    w.kind,
    w.status,
    w.area_ha,
    l.settlement_kato,
    l.okrug_kato,
    l.district_kato,
    l.step,
    w._file,
    w._record
from stage_waste_sites as w
left join place as l on claim_key(null, w.kato, null, w.district_name, null, w.settlement_name) = l._key
