-- Grain: file or folder of the lake that was made of batches and is current. Key: path.
-- Inputs: ledger.revision_state, link_run, entity_set, serving.contradiction_set.
-- kind: core (a folder, which follows from its digest), linkage, entity, contradiction. Of links and entities the
-- newest set of a period.
select
    'core' as kind,
    period,
    inputs_digest,
    null as path
from ledger.revision_state
where is_current
union all
select
    'linkage' as kind,
    r.period,
    r.inputs_digest,
    r.path
from ledger.link_run as r
where r.run_id = (select max(n.run_id) from ledger.link_run as n where n.period = r.period)
union all
select
    'entity' as kind,
    s.period,
    s.inputs_digest,
    s.path
from ledger.entity_set as s
where s.set_id = (select max(n.set_id) from ledger.entity_set as n where n.period = s.period and n.kind = s.kind)
union all
select
    'contradiction' as kind,
    period,
    inputs_digest,
    lake_path as path
from serving.contradiction_set
order by kind, period, inputs_digest
