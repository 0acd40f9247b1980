-- Grain: linkable row. Key: registry, _file, _record.
-- Inputs: linkable_row, record, known, decision, repaired, choice, weighed_pair.
-- Variables: ${levels}, the level of each field.
-- The first method that names a person wins: a reviewer's decision, a repaired number, the match weight.
with answer as (
    select
        record,
        person,
        'decided' as method,
        'link' as outcome,
        1 as turn
    from decision
    where is_same and person in (select unique_id from known)
    union all
    select
        record,
        person,
        'number_repaired' as method,
        'link' as outcome,
        2 as turn
    from repaired
    union all
    select
        record,
        person,
        'weighed' as method,
        outcome,
        3 as turn
    from choice
),

chosen as (
    select *
    from answer
    where record in (select unique_id from record)
    qualify row_number() over (partition by record order by turn, person) = 1
)

select
    r.registry,
    r._file,
    r._record,
    r.unique_id::uuid as record_key,
    a.person::uuid as person_key,
    coalesce(a.method, 'none') as method,
    coalesce(a.outcome, 'none') as outcome,
    p.weight,
    c.next_weight,
    ${levels}
from linkable_row as r
left join chosen as a on r.unique_id = a.record
left join weighed_pair as p on a.record = p.record and a.person = p.person
left join choice as c on a.record = c.record and a.person = c.person
order by r.registry, r._file, r._record
