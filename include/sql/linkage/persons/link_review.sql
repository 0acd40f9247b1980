-- Grain: pair that a person must review. Key: record_key, person_key. Inputs: link, record, known.
-- Variables: ${of_period}; ${levels}, the names and levels of the fields; ${details}, the columns a reviewer compares.
select
    ${of_period} as period,
    l.record_key,
    l.person_key,
    any_value(l.weight) as weight_bits,
    any_value(l.next_weight) as next_weight_bits,
    any_value(json_object(${levels})) as levels,
    to_json(list([l.registry, l._file, l._record::varchar] order by l._file, l._record)) as places,
    any_value(to_json(r)) as record,
    any_value(to_json(k)) as person
from link as l
inner join (select unique_id, ${details} from record) as r on l.record_key::varchar = r.unique_id
inner join (select unique_id, ${details} from known) as k on l.person_key::varchar = k.unique_id
where l.outcome = 'review'
group by l.record_key, l.person_key
order by l.record_key
