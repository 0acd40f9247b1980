-- Grain: record with at least one pair of ${review} bits or more. Key: record.
-- Inputs: ${pairs} (record, person, weight, is_evident).
-- Output: record, person, weight, next_weight, outcome: 'link', 'review'.
-- The record's heaviest pair wins; if ${one_to_one}, only if it is also the person's heaviest. A record whose second
-- pair comes within ${margin} of its first is ambiguous: it is reviewed, not linked. So is a pair that is not evident,
-- which agrees in too little beside the names.
-- Most records and persons have a single pair, so only the others are ranked.
with candidate as (
    select
        record,
        person,
        weight,
        is_evident
    from ${pairs}
    where weight >= ${review}
),

ambiguous_record as (
    select record from candidate
    group by record
    having count(*) > 1
),

shared_person as (
    select person from candidate
    group by person
    having count(*) > 1
),

heaviest as (
    select
        p.record,
        p.person,
        p.weight,
        p.is_evident,
        null as next_weight
    from candidate as p
    anti join ambiguous_record as a on p.record = a.record
    union all
    select
        p.record,
        p.person,
        p.weight,
        p.is_evident,
        lead(p.weight) over (partition by p.record order by p.weight desc, p.person) as next_weight
    from candidate as p
    semi join ambiguous_record as a on p.record = a.record
    qualify row_number() over (partition by p.record order by p.weight desc, p.person) = 1
),

outweighed as (
    select
        p.record,
        p.person
    from candidate as p
    semi join shared_person as s on p.person = s.person
    qualify
        rank() over (partition by p.person order by p.weight desc) > 1
        or count(*) over (partition by p.person, p.weight) > 1
)

select
    h.record,
    h.person,
    h.weight,
    h.next_weight,
    case
        when
            h.is_evident and h.weight >= ${link} and coalesce(h.weight - h.next_weight >= ${margin}, true)
            and (not ${one_to_one} or o.record is null)
            then 'link'
        else 'review'
    end as outcome
from heaviest as h
left join outweighed as o on h.record = o.record and h.person = o.person
