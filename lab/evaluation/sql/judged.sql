-- Grain: row of the ground truth. Key: file, record.
-- Inputs: ground_truth, outcome, pair, corrected (file, record, value).
-- `is_met`: the fate of the row is the expected outcome; null if that cannot be judged.
with followed as (
    select
        t.file,
        t.record,
        t.kind,
        t.outcome,
        coalesce(o.fate, 'absent') as fate,
        p.record is not null as is_paired,
        m.file is not null as is_seen,
        -- A good row may contain look-alike letters itself.
        coalesce(m.value, '') in (coalesce(t.was, ''), coalesce(homoglyphs_to_cyrillic(t.was), '')) as is_corrected
    from ground_truth as t
    left join outcome as o on t.file = o.file and t.record = o.record
    left join pair as p on t.file = p.expected_file and t.record = p.expected_record
    left join corrected as m on t.file = m.file and t.record = m.record
)

select
    file,
    record,
    kind,
    outcome,
    fate,
    case
        -- A broken row that is also a duplicate is rejected either way.
        when outcome = 'quarantined' then fate in ('quarantined', 'duplicate')
        when outcome = 'duplicate' then is_paired
        when outcome = 'warned' then fate = 'warned'
        when fate not in ('staged', 'warned') then false
        when outcome = 'kept' then true
        when is_seen then is_corrected
    end as is_met
from followed
