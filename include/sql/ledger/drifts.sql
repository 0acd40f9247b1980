-- Grain: finding in a batch that counts, newest period first. Key: drift_id. Inputs: ledger.drift, batch_ranked.
select
    b.registry,
    b.period,
    b.batch_id,
    d.kind,
    d.name,
    d.expected,
    d.found
from ledger.drift as d
inner join ledger.batch_ranked as b on d.batch_id = b.batch_id
where
    b.rank_in_delivery = 1
    and (b.registry = :registry or :registry is null)
    and (b.period = :period or :period is null)
order by b.period desc, b.registry, d.drift_id
