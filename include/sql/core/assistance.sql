-- Grain: recipient and kind of assistance. Key: person_key, kind. Inputs: counted_social_assistance, person, place.
-- A recipient is counted where registered; without an entry in the population registry, where the extract says.
select
    a.person_key,
    a.kind,
    a.amount_kzt,
    p.person_key is not null as is_registered,
    coalesce(p.is_alive, false) as is_resident,
    coalesce(p.settlement_kato, l.settlement_kato) as settlement_kato,
    coalesce(p.okrug_kato, l.okrug_kato) as okrug_kato,
    coalesce(p.district_kato, l.district_kato) as district_kato,
    case when p.okrug_kato is not null then 'person' else l.step end as step,
    a.linked_by,
    a._file,
    a._record
from counted_social_assistance as a
left join person as p on a.person_key = p.person_key
left join place as l on claim_key(null, null, null, a.district_name, a.okrug_name, a.settlement_name) = l._key
