-- Grain: one row of counts. Inputs: outcome, judged, pair.
-- A good row left out in place of an expected duplicate is no false alarm.
with broken as (
    select
        file,
        record,
        is_met
    from judged
    where outcome in ('quarantined', 'duplicate')
),

good as (
    select
        o.file,
        o.record,
        o.fate
    from outcome as o
    anti join broken as b on o.file = b.file and o.record = b.record
)

select
    (select count(*) from outcome) as rows,
    (select count(*) from broken) as broken,
    (select count(*) from broken where is_met) as found,
    count(*) as good,
    count(*) filter (g.fate in ('quarantined', 'duplicate') and p.record is null) as good_rejected
from good as g
left join pair as p on g.file = p.file and g.record = p.record
