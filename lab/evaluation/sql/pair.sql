-- Grain: exact repetition that was left out and is owed. Key: file, record, and owed_file, owed_record.
-- Inputs: truth, outcome. Which of two equal rows stays says nothing: the n-th left out answers for the n-th owed.
with owed as (
    select
        t.file as owed_file,
        t.record as owed_record,
        o.content,
        row_number() over (partition by o.content order by t.file, t.record) as nth
    from truth as t
    inner join outcome as o on t.file = o.file and t.record = o.record
    where t.outcome = 'duplicate'
),

left_out as (
    select
        file,
        record,
        content,
        row_number() over (partition by content order by file, record) as nth
    from outcome
    where fate = 'duplicate'
)

select
    owed.owed_file,
    owed.owed_record,
    left_out.file,
    left_out.record
from owed
inner join left_out using (content, nth)
