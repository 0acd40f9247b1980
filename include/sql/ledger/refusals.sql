-- Grain: delivery, or registry and period where nothing was landed, refused after :since. Inputs: ledger.refusal.
-- The same delivery tried again is told once, by its last refusal.
with told as (
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
from told
order by refusal_id
