-- Grain: delivery of a registry and period, newest first. Key: delivery_id. Inputs: ledger.delivery, batch_ranked,
-- erased_delivery, refusal_shape: what an engineer's login may read. States as in `extracts.sql`.
select
    d.delivery_id,
    d.arrived_at,
    d.files,
    b.rows_in,
    b.staged,
    b.linkable,
    b.quarantined,
    b.duplicates,
    case
        when x.delivery_id is not null then 'erased'
        when b.batch_id is null and coalesce(r.is_failure, true) then 'landed'
        when b.batch_id is null then 'refused'
        when b.is_withdrawn then 'withdrawn'
        when case when :is_delta then b.counts_as_change else b.current_rank = 1 end then 'current'
        else 'superseded'
    end as state
from ledger.delivery as d
left join ledger.batch_ranked as b on d.delivery_id = b.delivery_id and b.rank_in_delivery = 1
left join ledger.erased_delivery as x on d.delivery_id = x.delivery_id
left join lateral (
    select f.is_failure
    from ledger.refusal_shape as f
    where f.delivery_id = d.delivery_id
    order by f.refusal_id desc limit 1
) as r on true
where d.registry = :registry and d.period = :period
order by d.delivery_id desc
