-- Grain: pair of a person and a record that meets a blocking rule. Key: join_key_l, join_key_r.
-- Inputs: candidate (person_row, record_row); known_in_pair, record_in_pair (unique_id, _row).
-- Output: the columns that Splink expects of registered pairs; a join key is `<name of the table>-__-<unique_id>`.
select
    '0' as match_key,
    'known-__-' || l.unique_id as join_key_l,
    'record-__-' || r.unique_id as join_key_r
from candidate as c
inner join known_in_pair as l on c.person_row = l._row
inner join record_in_pair as r on c.record_row = r._row
