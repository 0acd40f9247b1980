-- Grain: registry that the current revision of a period goes without. Key: registry.
-- Inputs: serving.current_snapshot, snapshot_missing.
select
    m.registry,
    m.last_period,
    m.reason
from serving.current_snapshot as f
inner join serving.snapshot_missing as m on f.period = m.period and f.revision = m.revision
where f.period = :period
order by m.registry
