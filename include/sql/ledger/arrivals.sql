-- Grain: registry and period with an accepted or refused delivery. Key: registry, period.
-- Inputs: ledger.batch_ranked, refusal.
with accepted as (
    select
        registry,
        period,
        max(extracted_at) as extracted_at
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
)

select
    registry,
    period,
    accepted.extracted_at,
    refused.refused_at,
    refused.details
from accepted
full join refused using (registry, period)
order by registry, period
