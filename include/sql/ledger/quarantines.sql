-- Grain: batch or refusal that kept rows back, newest period first. Inputs: ledger.batch_ranked, refusal.
-- For the newest period unless one is given. A registry that sends changes (:is_delta): every accepted delivery counts.
with kept as (
    select
        period,
        case when current_rank = 1 or (:is_delta and counts_as_change) then 'current' else 'superseded' end as state,
        batch_id,
        quarantine_path,
        accepted_at as decided_at
    from ledger.batch_ranked
    where registry = :registry and rank_in_delivery = 1
    union all
    select
        period,
        'refused' as state,
        null as batch_id,
        quarantine_path,
        max(refused_at) as decided_at
    from ledger.refusal
    where registry = :registry and quarantine_path is not null
    group by period, quarantine_path
)

select
    period,
    state,
    batch_id,
    quarantine_path
from kept
where period = coalesce(:period, (select max(k.period) from kept as k)) and state <> 'superseded'
order by decided_at
