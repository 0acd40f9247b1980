-- Views of the ledger. The files of this folder hold what may be created again at any time: views, functions, policies
-- and grants. `auyl migrate` applies all of them, in the order of their names, after the revisions of the tables
-- (auyl/store/migrations); the views are dropped before.

-- Grain: registry and period; for a registry that sends changes, every accepted batch of the period.
-- The newest extract wins, not the newest arrival.
create or replace view ledger.batch_ranked as
select
    b.*,
    d.registry,
    d.period,
    d.extracted_at,
    d.digest,
    row_number() over (
        partition by d.registry, d.period order by d.extracted_at desc, d.delivery_id desc, b.batch_id desc
    ) as current_rank,
    row_number() over (partition by d.delivery_id order by b.batch_id desc) as rank_in_delivery,
    exists(
        select 1
        from ledger.delivery as c
        inner join ledger.batch as correction on c.delivery_id = correction.delivery_id
        inner join ledger.batch as base on c.corrects_batch_id = base.batch_id
        where base.delivery_id = b.delivery_id
    ) as is_corrected
from ledger.batch as b
inner join ledger.delivery as d on b.delivery_id = d.delivery_id;
