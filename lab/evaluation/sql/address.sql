-- Grain: staged call in the ground truth. Key: call_id.
-- Inputs: stage_ambulance with address_key, address_place, truth_place (call_id, settlement_kato, form, dirt,
-- is_repeated, told_by),
-- truth_fault (id, kind) the faults of the address by call.
-- outcome: right, wrong, unresolved. is_tellable: somebody who knows all names, crews and homes could tell it.
select
    c.call_id,
    t.form,
    t.dirt,
    coalesce(f.kind, 'none') as fault,
    case when t.is_repeated then 'repeated' else 'only one' end as name,
    t.told_by,
    t.told_by <> 'nothing' as is_tellable,
    l.step,
    coalesce(l.confidence, '') as confidence,
    case
        when l.settlement_kato is null then 'unresolved'
        when l.settlement_kato = t.settlement_kato then 'right'
        else 'wrong'
    end as outcome
from stage_ambulance as c
inner join truth_place as t on c.call_id = t.call_id
left join truth_fault as f on c.call_id = f.id
left join address_place as l on c.address_key = l._key
