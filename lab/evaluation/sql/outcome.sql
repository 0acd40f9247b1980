-- Grain: row that came. Key: file, record. Inputs: placed, kept, staged.
-- Of a file that came in several batches the newest counts.
select
    p.batch,
    p.file,
    p.record,
    p.place,
    p.content,
    case
        when k.outcome is not null then k.outcome
        when s.place is null then 'absent'
        when len(coalesce(s._warned, [])) > 0 then 'warned'
        else 'staged'
    end as fate
from placed as p
left join kept as k on p.batch = k.batch and p.file = k.file and p.place = k.place
left join staged as s on p.batch = s.batch and p.file = s.file and p.place = s.place
where p.batch = (select max(n.batch) from placed as n where n.file = p.file)
