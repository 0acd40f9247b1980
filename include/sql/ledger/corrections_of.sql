-- Grain: delivery, and those that correct it, one after another. Key: delivery_id. Inputs: ledger.delivery, batch.
with recursive chain as (
    select delivery_id
    from ledger.delivery
    where delivery_id = :delivery_id
    union
    select d.delivery_id
    from chain as c
    inner join ledger.batch as b on c.delivery_id = b.delivery_id
    inner join ledger.delivery as d on b.batch_id = d.corrects_batch_id
)

select delivery_id
from chain
order by delivery_id
