-- Grain: pair of ${known} and ${records} that weighs at least ${review} bits. Key: record, person.
-- Inputs: both as tables of features; ${candidates}, ${compared}, ${levels}, ${bits}: SQL that
-- auyl/linkage/persons/scoring.py makes of the model.
-- Answer: record, person, weight in bits, the level of each field.
-- Rows are named by their place until all blocks are looked at: 16 bytes a pair in place of two dozen columns.
with candidate as materialized (
    select distinct
        person_row,
        record_row
    from (${candidates})
),

side_by_side as (
    select
        l.unique_id as person,
        r.unique_id as record,
        ${compared}
    from candidate as c
    inner join ${known} as l on c.person_row = l.rowid
    inner join ${records} as r on c.record_row = r.rowid
),

levelled as (
    select
        record,
        person,
        ${levels}
    from side_by_side
),

weighed as (
    select
        *,
        ${bits} as weight
    from levelled
)

select * replace (round(weight, 4) as weight)
from weighed
where weight >= ${review}
