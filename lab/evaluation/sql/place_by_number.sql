-- Grain: row that came, rows that were turned away at once with it. Key: batch, file, record. Inputs: raw, kept.
-- The n-th record of the file is the n-th of the truth.
select
    batch,
    file,
    place,
    place as record,
    content
from raw
union all
select
    batch,
    file,
    place,
    -place as record,
    null as content
from kept
where place < 0
