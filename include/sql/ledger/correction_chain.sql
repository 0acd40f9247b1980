-- Grain: delivery that corrects another, down to the extract itself. Key: delivery_id. Inputs: ledger.delivery, batch.
with recursive chain as (
    select
        delivery_id,
        corrects_batch_id,
        0 as step
    from ledger.delivery
    where delivery_id = :delivery_id
    union all
    select
        d.delivery_id,
        d.corrects_batch_id,
        c.step + 1 as step
    from chain as c
    inner join ledger.batch as b on c.corrects_batch_id = b.batch_id
    inner join ledger.delivery as d on b.delivery_id = d.delivery_id
)

select delivery_id
from chain
order by step
