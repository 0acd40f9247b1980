-- grain: period in force of the current edition, newest first
-- key: period
select
    period,
    revision
from serving.snapshot_in_force
where edition = access.current_edition()
order by period desc;
