-- Grain: registry with rows kept back. Key: registry. Inputs: ledger.batch_standing.
-- Of a registry in :deltas every batch counts, of another the one in force.
select
    registry,
    sum(quarantined)::bigint as rows,
    min(accepted_at) as since,
    max(accepted_at) as newest
from ledger.batch_standing
where
    quarantined > 0
    and case when registry = any(:deltas) then standing_in_delivery = 1 else standing = 1 end
group by registry
order by registry
