-- Grain: period with an extract that counts and whose bytes were erased. Key: period.
-- Inputs: ledger.batch_ranked, erased_delivery. Of registries that send changes, :deltas, every one that counts.
select distinct b.period
from ledger.batch_ranked as b
inner join ledger.erased_delivery as e on b.delivery_id = e.delivery_id
where b.current_rank = 1 or (b.counts_as_change and b.registry = any(:deltas))
order by b.period
