-- Grain: row of the extract, including lines that never became a row. Key: batch, file, record. Inputs: raw, rejected.
-- In delimited text `_record` counts the rows that could be read; the ground truth counts the lines below the heading,
-- which is one line.
with reject as (
    select
        batch,
        file,
        place,
        -place - 1 as record
    from rejected
    where place < 0
),

size as (
    select
        batch,
        file,
        count(*) as lines
    from (
        select batch, file from raw
        union all
        select batch, file from reject
    )
    group by all
),

number as (
    select
        batch,
        file,
        unnest(range(1, lines + 1)) as record
    from size
),

read as (
    select
        batch,
        file,
        record,
        row_number() over (partition by batch, file order by record) as place
    from number
    anti join reject using (batch, file, record)
)

select
    raw.batch,
    raw.file,
    raw.place,
    read.record,
    raw.content
from raw
inner join read using (batch, file, place)
union all
select
    batch,
    file,
    place,
    record,
    null as content
from reject
