-- Grain: delivery, newest first. Key: delivery_id. Inputs: ledger.delivery, batch_ranked,
-- decided_delivery, arrived_again, erased_delivery, refusal.
-- Of a registry that sends changes (:deltas) every accepted delivery counts, as in `ledger.current_batches`.
select
    d.delivery_id,
    b.batch_id,
    d.registry,
    d.period,
    d.files,
    d.size_bytes,
    d.extracted_at,
    coalesce(a.arrived_at, d.arrived_at) as arrived_at,
    a.arrived_at is not null as is_again,
    d.is_time_stated,
    d.is_whole,
    d.source,
    d.digest,
    b.rows_in,
    b.staged,
    b.linkable,
    b.quarantined,
    b.duplicates,
    b.current_rank as rank,
    b.root_id,
    w.decided_by as withdrawn_by,
    w.decided_at as withdrawn_at,
    w.reason as withdrawn_reason,
    x.decided_by as erased_by,
    x.decided_at as erased_at,
    x.reason as erased_reason,
    case
        when x.delivery_id is not null then 'erased'
        -- A failure of ours says nothing about the extract.
        when b.batch_id is null and (r.reason is null or r.is_failure) then 'landed'
        when b.batch_id is null then 'refused'
        when b.is_withdrawn then 'withdrawn'
        when case when d.registry = any(:deltas) then b.counts_as_change else b.current_rank = 1 end then 'current'
        else 'superseded'
    end as state,
    r.reason,
    k.revision as rolled_back_revision
from ledger.delivery as d
left join ledger.batch_ranked as b on d.delivery_id = b.delivery_id and b.rank_in_delivery = 1
left join ledger.rolled_back_batch as k on d.period = k.period and b.batch_id = k.batch_id
left join ledger.decided_delivery as w on d.delivery_id = w.delivery_id and w.is_withdrawn
left join ledger.arrived_again as a on d.delivery_id = a.delivery_id
left join ledger.erased_delivery as x on d.delivery_id = x.delivery_id
left join lateral (
    select
        f.reason,
        f.details ->> 'is_failure' is not null as is_failure
    from ledger.refusal as f
    where f.delivery_id = d.delivery_id
    order by f.refusal_id desc limit 1
) as r on b.batch_id is null
where d.registry = :registry or :registry is null
order by d.delivery_id desc
