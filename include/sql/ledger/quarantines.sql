-- Grain: batch or refusal that kept rows back, newest period first.
-- Inputs: ledger.batch_ranked, refusal, delivery, arrived_again, decided_delivery, erased_delivery.
-- For the newest period unless one is given. A registry that sends changes (:is_delta): every accepted delivery counts.
-- A refusal is open until an extract that arrived later counts, its own delivery is accepted, or somebody withdraws it.
with batch as (
    select
        b.period,
        b.batch_id,
        b.delivery_id,
        b.root_id,
        b.quarantine_path,
        b.accepted_at,
        greatest(d.arrived_at, a.arrived_at) as arrived_at,
        b.current_rank = 1 or (:is_delta and b.counts_as_change) as is_current
    from ledger.batch_ranked as b
    inner join ledger.delivery as d on b.root_id = d.delivery_id
    left join ledger.arrived_again as a on d.delivery_id = a.delivery_id
    where b.registry = :registry and b.rank_in_delivery = 1
),

refusal as (
    select distinct on (r.delivery_id)
        r.period,
        r.delivery_id,
        r.quarantine_path,
        r.refused_at,
        greatest(d.arrived_at, a.arrived_at) as arrived_at,
        coalesce(w.is_withdrawn, false) as is_withdrawn
    from ledger.refusal as r
    inner join ledger.delivery as d on r.delivery_id = d.delivery_id
    left join ledger.arrived_again as a on d.delivery_id = a.delivery_id
    left join ledger.decided_delivery as w on d.delivery_id = w.delivery_id
    where r.registry = :registry
    order by r.delivery_id asc, r.refusal_id desc
),

kept as (
    select
        period,
        case when is_current then 'current' else 'superseded' end as state,
        batch_id,
        delivery_id,
        quarantine_path,
        accepted_at as decided_at
    from batch
    union all
    select
        r.period,
        case
            when r.is_withdrawn then 'withdrawn'
            when exists (
                select from batch as b
                where
                    b.is_current
                    and b.period = r.period
                    and case
                        when r.delivery_id in (b.delivery_id, b.root_id) then b.accepted_at > r.refused_at
                        else b.arrived_at > r.arrived_at
                    end
            ) then 'settled'
            else 'refused'
        end as state,
        null as batch_id,
        r.delivery_id,
        r.quarantine_path,
        r.refused_at as decided_at
    from refusal as r
)

select
    period,
    state,
    batch_id,
    delivery_id,
    quarantine_path
from kept
where
    period = coalesce(:period, (select max(k.period) from kept as k where k.quarantine_path is not null))
    and state in ('current', 'refused')
    and quarantine_path is not null
    and delivery_id not in (select e.delivery_id from ledger.erased_delivery as e)
order by decided_at
