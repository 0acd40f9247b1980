-- Grain: row of the extract, including rows rejected while reading. Key: batch, file, record. Inputs: raw, rejected.
-- A workbook numbers rows as shown on screen; the ground truth counts from the row below the heading.
with both_kinds as (
    select
        batch,
        file,
        place,
        content
    from raw
    union all
    select
        batch,
        file,
        place,
        null as content
    from rejected
    where place < 0
)

select
    batch,
    file,
    place,
    abs(place) - min(abs(place)) over (partition by batch, file) + 1 as record,
    content
from both_kinds
