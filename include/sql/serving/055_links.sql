-- Decisions on links, and who reads the tables of linkage.

-- Grain: pair that somebody decided on; the newest decision counts.
create or replace view ledger.current_link_decision as
select distinct on (record_key, person_key)
    record_key,
    person_key,
    is_same,
    reason,
    decided_by,
    decided_at
from ledger.link_decision
order by record_key, person_key, decision_id desc;

-- A reason is free text and may name somebody: no engineer reads decisions.
grant select on ledger.link_run to auyl_engineer;
