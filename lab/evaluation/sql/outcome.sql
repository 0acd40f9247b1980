-- Grain: row of the extract. Key: file, record. Inputs: placed, rejected, staged.
-- If a file is in several batches, the newest counts.
select
    p.batch,
    p.file,
    p.record,
    p.place,
    p.content,
    case
        when r.outcome is not null then r.outcome
        when s.place is null then 'absent'
        when len(coalesce(s._warned, [])) > 0 then 'warned'
        else 'staged'
    end as fate
from placed as p
left join rejected as r on p.batch = r.batch and p.file = r.file and p.place = r.place
left join staged as s on p.batch = s.batch and p.file = s.file and p.place = s.place
where p.batch = (select max(n.batch) from placed as n where n.file = p.file)
