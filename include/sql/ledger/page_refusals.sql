-- Grain: delivery, or pull without one, of a registry and period that was refused, with its last refusal. Inputs:
-- ledger.refusal_shape.
with latest as (
    select distinct on (delivery_id)
        refusal_id,
        refused_at,
        line,
        column_name,
        expected,
        found,
        owner,
        breaches
    from ledger.refusal_shape
    where registry = :registry and period = :period
    order by delivery_id asc, refusal_id desc
)

select
    refused_at,
    line,
    column_name,
    expected,
    found,
    owner,
    breaches
from latest
order by refusal_id
