-- Grain: registry that the revision in force of a period goes without. Key: registry.
-- Inputs: serving.snapshot_in_force, snapshot_missing.
select
    m.registry,
    m.last_period,
    m.reason
from serving.snapshot_in_force as f
inner join serving.snapshot_missing as m on f.period = m.period and f.revision = m.revision
where f.period = :period
order by m.registry
