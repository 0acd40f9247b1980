-- Grain: delivery, newest first. Key: delivery_id. Inputs: ledger.delivery, batch_ranked, refusal.
-- Of a registry that sends changes (:deltas) every accepted delivery counts, as in `ledger.current_batches`.
select
    d.delivery_id,
    d.registry,
    d.period,
    d.files,
    d.size_bytes,
    d.extracted_at,
    d.arrived_at,
    d.source,
    d.digest,
    b.rows_in,
    b.staged,
    b.linkable,
    b.quarantined,
    b.duplicates,
    case
        when b.batch_id is null and r.reason is null then 'landed'
        when b.batch_id is null then 'refused'
        when b.current_rank = 1 or d.registry = any(:deltas) then 'current'
        else 'superseded'
    end as state,
    r.reason
from ledger.delivery as d
left join ledger.batch_ranked as b on d.delivery_id = b.delivery_id and b.rank_in_delivery = 1
left join lateral (
    select f.reason from ledger.refusal as f
    where f.delivery_id = d.delivery_id
    order by f.refusal_id desc limit 1
) as r on b.batch_id is null
where d.registry = :registry or :registry is null
order by d.delivery_id desc
