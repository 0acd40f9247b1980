-- Grain: pair of a person of ${known} and a record of ${records} that meets a blocking rule.
-- Key: join_key_l, join_key_r.
-- Inputs: both as tables of features; ${candidates}, SQL with person_row and record_row of each rule's pairs.
-- Output: the columns that Splink expects of registered pairs; a join key is `<name of the table>-__-<unique_id>`.
-- Row numbers stand for rows until all blocking rules have run: 16 bytes a pair instead of two texts.
with candidate as materialized (
    select distinct
        person_row,
        record_row
    from (${candidates})
)

select
    '0' as match_key,
    'known-__-' || l.unique_id as join_key_l,
    'record-__-' || r.unique_id as join_key_r
from candidate as c
inner join ${known} as l on c.person_row = l.rowid
inner join ${records} as r on c.record_row = r.rowid
