-- Grain: row of the truth. Key: file, record. Inputs: truth, outcome, pair, corrected (file, record, value).
-- `is_met` is the fate of the row against what intake owes to it; null where nobody can see that.
with followed as (
    select
        t.file,
        t.record,
        t.kind,
        t.outcome,
        coalesce(o.fate, 'absent') as fate,
        p.record is not null as is_paired,
        m.file is not null as is_seen,
        -- A good row may have had look-alikes of its own.
        coalesce(m.value, '') in (coalesce(t.was, ''), coalesce(homoglyphs_to_cyrillic(t.was), '')) as is_good_again
    from truth as t
    left join outcome as o on t.file = o.file and t.record = o.record
    left join pair as p on t.file = p.owed_file and t.record = p.owed_record
    left join corrected as m on t.file = m.file and t.record = m.record
)

select
    file,
    record,
    kind,
    outcome,
    fate,
    case
        -- A broken row that also repeats another is kept back either way.
        when outcome = 'quarantined' then fate in ('quarantined', 'duplicate')
        when outcome = 'duplicate' then is_paired
        when outcome = 'warned' then fate = 'warned'
        when fate not in ('staged', 'warned') then false
        when outcome = 'kept' then true
        when is_seen then is_good_again
    end as is_met
from followed
