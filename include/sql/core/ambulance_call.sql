-- Grain: call. Key: call_id. Inputs: stage_ambulance, address_place.
select
    c.call_id,
    c.category,
    c.arrival_min,
    arrival_norm_min(c.category) as norm_min,
    l.settlement_kato,
    l.okrug_kato,
    l.district_kato,
    coalesce(l.step, 'unresolved') as step,
    c._file,
    c._record
from stage_ambulance as c
left join address_place as l on address_claim_key(c.address, c.brigade, c.patient_key) = l._key
