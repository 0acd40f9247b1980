-- grain: period current of the current edition, newest first
-- key: period
select
    period,
    revision
from serving.current_snapshot
where edition = access.current_edition()
order by period desc;
