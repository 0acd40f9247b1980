-- Grain: withdrawal that stands, of a delivery or of one that it corrects, the nearest only: at most one row.
-- Inputs: ledger.delivery, batch, withdrawal. Parameters: delivery_id.
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
),

decided as (
    select distinct on (b.delivery_id)
        b.delivery_id,
        w.batch_id,
        w.is_withdrawn,
        w.reason,
        w.decided_by,
        w.decided_at
    from ledger.withdrawal as w
    inner join ledger.batch as b on w.batch_id = b.batch_id
    order by b.delivery_id, w.withdrawal_id desc
)

select
    w.batch_id,
    w.reason,
    w.decided_by,
    w.decided_at
from chain as c
inner join decided as w on c.delivery_id = w.delivery_id
where w.is_withdrawn
order by c.step
limit 1
