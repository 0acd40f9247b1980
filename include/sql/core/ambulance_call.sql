-- Grain: call. Key: call_id. Inputs: stage_ambulance, address_place.
-- stage_ambulance.address_key: the claim of place whose address in the caller's words stays in the zone of identities.
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
left join address_place as l on c.address_key = l._key
