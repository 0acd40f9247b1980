-- Grain: row of the extract, including rows rejected while reading. Key: batch, file, record. Inputs: raw, rejected.
-- The n-th record of the file is the n-th of the ground truth.
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
from rejected
where place < 0
