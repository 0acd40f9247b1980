-- Grain: record that weighs at least ${review} with somebody. Key: record. Inputs: ${pairs} (record, person, weight).
-- Answer: record, person, weight, next_weight, outcome: 'link', 'review'.
-- The heaviest pair of a record; where ${one_to_one}, only if it is the heaviest of the person too. What a second pair
-- of the record comes near to, within ${margin}, nobody can tell apart: it is looked at, not linked.
with ranked as (
    select
        record,
        person,
        weight,
        row_number() over (partition by record order by weight desc, person) as nth_of_record,
        lead(weight) over (partition by record order by weight desc, person) as next_weight,
        rank() over (partition by person order by weight desc) as nth_of_person,
        count(*) over (partition by person, weight) as equals
    from ${pairs}
    where weight >= ${review}
)

select
    record,
    person,
    weight,
    next_weight,
    case
        when
            weight >= ${link} and coalesce(weight - next_weight >= ${margin}, true)
            and (not ${one_to_one} or (nth_of_person = 1 and equals = 1))
            then 'link'
        else 'review'
    end as outcome
from ranked
where nth_of_record = 1
