-- Grain: row that came, rows that were turned away at once with it. Key: batch, file, record. Inputs: raw, kept.
-- A workbook numbers rows as they are shown; the truth begins to count below the heading, right above the first row.
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
    from kept
    where place < 0
)

select
    batch,
    file,
    place,
    abs(place) - min(abs(place)) over (partition by batch, file) + 1 as record,
    content
from both_kinds
