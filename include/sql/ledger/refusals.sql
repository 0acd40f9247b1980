-- Grain: delivery, or registry and period where nothing was landed, refused after :since. Inputs: ledger.refusal.
-- A delivery that was tried again is listed once, with its last refusal.
with latest as (
    select distinct on (registry, period, delivery_id)
        refusal_id,
        registry,
        period,
        refused_at,
        details
    from ledger.refusal
    where refused_at > :since or cast(:since as timestamptz) is null
    order by registry asc, period asc, delivery_id asc, refusal_id desc
)

select
    registry,
    period,
    refused_at,
    details
from latest
order by refusal_id
