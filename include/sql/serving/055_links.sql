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

revoke all on vault.link_review from public, auyl_reader, auyl_engineer, auyl_portal;
-- a reason is free text and may name somebody
revoke all on ledger.link_decision, ledger.current_link_decision from public, auyl_reader, auyl_engineer, auyl_portal;
revoke all on ledger.link_run from public, auyl_reader, auyl_portal;
grant select on ledger.link_run to auyl_engineer;
