-- Grain: pair of ${known} and ${records} with a match weight of at least ${review} bits. Key: record, person.
-- Inputs: both as tables of features; ${candidates}, ${compared}, ${levels}, ${bits}: SQL that
-- auyl/linkage/persons/scoring.py makes of the model.
-- Output: record, person, weight in bits, the level of each field.
-- Row numbers stand for rows until all blocking rules have run: 16 bytes a pair instead of two dozen columns.
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

compared as (
    select
        record,
        person,
        ${levels}
    from side_by_side
),

scored as (
    select
        *,
        ${bits} as weight
    from compared
)

select * replace (round(weight, 4) as weight)
from scored
where weight >= ${review}
