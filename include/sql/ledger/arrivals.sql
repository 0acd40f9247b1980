-- Grain: registry and period with a delivery or a look. Key: registry, period.
-- Inputs: ledger.batch_ranked, refusal, look.
-- extracted_at: of the newest batch that counts. pulled_at: when the source last gave something, or had nothing new.
-- seen: what the last look saw instead of a delivery, or why all that was accepted does not count.
with accepted as (
    select
        registry,
        period,
        max(extracted_at) filter (where not is_withdrawn) as extracted_at,
        bool_and(is_withdrawn) as is_withdrawn
    from ledger.batch_ranked
    group by registry, period
),

refused as (
    select distinct on (registry, period)
        registry,
        period,
        refused_at,
        details
    from ledger.refusal
    order by registry asc, period asc, refusal_id desc
),

pulled as (
    select
        registry,
        period,
        max(looked_at) as pulled_at
    from ledger.look
    where outcome in ('landed', 'again', 'unchanged') and seen not like 'by hand%'
    group by registry, period
),

looked as (
    select distinct on (registry, period)
        registry,
        period,
        case when outcome in ('not_ready', 'unavailable') then seen end as seen
    from ledger.look
    order by registry asc, period asc, look_id desc
)

select
    registry,
    period,
    accepted.extracted_at,
    coalesce(accepted.is_withdrawn, false) as is_withdrawn,
    refused.refused_at,
    refused.details,
    pulled.pulled_at,
    coalesce(looked.seen, case when accepted.is_withdrawn then 'withdrawn: auyl extracts says why' end) as seen
from accepted
full join refused using (registry, period)
full join pulled using (registry, period)
full join looked using (registry, period)
order by registry, period
