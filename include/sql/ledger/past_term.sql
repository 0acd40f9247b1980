-- Grain: delivery whose bytes are past their term. Key: delivery_id. Inputs: ledger.delivery, batch_ranked,
-- arrived_again, erased_delivery, revision_state, build_input.
-- Arrived before :before, first and again. None that counts for its period (of a registry that sends changes,
-- :is_delta, every one that counts), none whose rows were corrected in one that counts, none that a current revision
-- rests on.
with counting as (
    select root_id
    from ledger.batch_ranked
    where registry = :registry and (current_rank = 1 or (:is_delta and counts_as_change))
),

resting as (
    select b.delivery_id
    from ledger.revision_state as s
    inner join ledger.build_input as i on s.build_id = i.build_id
    inner join ledger.batch as b on i.batch_id = b.batch_id
    where s.is_current
),

of_chain as (
    select
        delivery_id,
        root_id
    from ledger.batch_ranked
    where registry = :registry
)

select d.delivery_id
from ledger.delivery as d
left join ledger.arrived_again as a on d.delivery_id = a.delivery_id
where
    d.registry = :registry
    and greatest(d.arrived_at, a.arrived_at) < :before
    and not exists (select from ledger.erased_delivery as e where e.delivery_id = d.delivery_id)
    and not exists (select from resting as r where r.delivery_id = d.delivery_id)
    and not exists (
        select from of_chain as o
        where o.delivery_id = d.delivery_id and o.root_id in (select c.root_id from counting as c)
    )
order by d.delivery_id
