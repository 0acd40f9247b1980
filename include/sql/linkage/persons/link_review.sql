-- Grain: pair that a person must review: a record that is to be reviewed with each person it could be, at most
-- ${candidates} of them. Key: record_key, person_key. Inputs: link, pair, record, known.
-- Variables: ${of_period}; ${levels}, the names and levels of the fields; ${details}, the columns a reviewer compares.
with reviewed as (
    select
        record_key::varchar as record,
        to_json(list([registry, _file, _record::varchar] order by _file, _record)) as places
    from link
    where outcome = 'review'
    group by record_key
),

candidate as (
    select
        p.*,
        r.places,
        lead(p.weight) over (partition by p.record order by p.weight desc, p.person) as next_weight
    from pair as p
    inner join reviewed as r on p.record = r.record
    qualify row_number() over (partition by p.record order by p.weight desc, p.person) <= ${candidates}
)

select
    ${of_period} as period,
    c.record::uuid as record_key,
    c.person::uuid as person_key,
    c.weight as weight_bits,
    c.next_weight as next_weight_bits,
    json_object(${levels}) as levels,
    c.places,
    to_json(r) as record,
    to_json(k) as person
from candidate as c
inner join (select unique_id, ${details} from record) as r on c.record = r.unique_id
inner join (select unique_id, ${details} from known) as k on c.person = k.unique_id
order by c.record, c.weight desc
