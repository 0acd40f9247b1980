-- Grain: registry with rejected rows. Key: registry. Inputs: ledger.batch_ranked.
-- Of a registry in :deltas every batch counts, of another the current one.
select
    registry,
    sum(linkable + quarantined)::bigint as rows,
    min(accepted_at) as since,
    max(accepted_at) as newest
from ledger.batch_ranked
where
    linkable + quarantined > 0
    and case when registry = any(:deltas) then counts_as_change else current_rank = 1 end
group by registry
order by registry
