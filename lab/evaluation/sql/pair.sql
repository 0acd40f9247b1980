-- Grain: duplicate that was left out and is expected. Key: file, record, and expected_file, expected_record.
-- Inputs: ground_truth, outcome. Either of two equal rows may stay: the n-th left out is paired with the n-th expected.
with expected as (
    select
        t.file as expected_file,
        t.record as expected_record,
        o.content,
        row_number() over (partition by o.content order by t.file, t.record) as nth
    from ground_truth as t
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
    expected.expected_file,
    expected.expected_record,
    left_out.file,
    left_out.record
from expected
inner join left_out using (content, nth)
