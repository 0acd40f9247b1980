-- Decisions on links. A reason is free text and may name somebody: no engineer reads decisions.

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
