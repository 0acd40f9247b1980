-- Grain: core tables of a build, or links, that rest on a delivery and on which nothing current rests; current ones
-- too with :with_current.
-- Inputs: ledger.build, build_input, batch, revision_state, link_run, delivery.
-- path: of links; null for core tables, whose folder follows from period and inputs_digest.
select distinct
    b.period,
    b.inputs_digest,
    null as path
from ledger.build as b
inner join ledger.build_input as i on b.build_id = i.build_id
inner join ledger.batch as t on i.batch_id = t.batch_id
where
    t.delivery_id = :delivery_id
    and (:with_current or not exists (
        select from ledger.revision_state as s
        where s.is_current and s.period = b.period and s.inputs_digest = b.inputs_digest
    ))
union all
-- Links say of which inputs they are, and not of which batches; lost ones are made again by whoever needs them.
select
    r.period,
    r.inputs_digest,
    r.path
from ledger.link_run as r
inner join ledger.delivery as d on r.period = d.period
where
    d.delivery_id = :delivery_id
    and (:with_current or r.run_id < (select max(n.run_id) from ledger.link_run as n where n.period = r.period))
order by period, inputs_digest
