-- Grain: record that weighs at least ${review} with somebody. Key: record. Inputs: ${pairs} (record, person, weight).
-- Answer: record, person, weight, next_weight, outcome: 'link', 'review'.
-- The heaviest pair of a record; where ${one_to_one}, only if it is the heaviest of the person too. What a second pair
-- of the record comes near to, within ${margin}, nobody can tell apart: it is looked at, not linked.
-- Nearly every record and person stands in one pair: only the others are ranked.
with held as (
    select
        record,
        person,
        weight
    from ${pairs}
    where weight >= ${review}
),

torn_record as (
    select record from held
    group by record
    having count(*) > 1
),

shared_person as (
    select person from held
    group by person
    having count(*) > 1
),

heaviest as (
    select
        h.record,
        h.person,
        h.weight,
        null as next_weight
    from held as h
    anti join torn_record as t on h.record = t.record
    union all
    select
        h.record,
        h.person,
        h.weight,
        lead(h.weight) over (partition by h.record order by h.weight desc, h.person) as next_weight
    from held as h
    semi join torn_record as t on h.record = t.record
    qualify row_number() over (partition by h.record order by h.weight desc, h.person) = 1
),

outweighed as (
    select
        h.record,
        h.person
    from held as h
    semi join shared_person as s on h.person = s.person
    qualify
        rank() over (partition by h.person order by h.weight desc) > 1
        or count(*) over (partition by h.person, h.weight) > 1
)

select
    h.record,
    h.person,
    h.weight,
    h.next_weight,
    case
        when
            h.weight >= ${link} and coalesce(h.weight - h.next_weight >= ${margin}, true)
            and (not ${one_to_one} or o.record is null)
            then 'link'
        else 'review'
    end as outcome
from heaviest as h
left join outweighed as o on h.record = o.record and h.person = o.person
