-- grain: registry that a revision goes without
-- key: registry
-- inputs: serving.snapshot_missing
select
    registry,
    last_period,
    reason
from serving.snapshot_missing
where period = %(period)s and revision = %(revision)s
order by registry;
