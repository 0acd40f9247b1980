-- Grain: type of which something stands, or closed, in the period. Key: type.
-- Inputs: serving.contradiction, contradiction_history, contradiction_type.
-- Parameters: period; registry (of the owner), type and okrug may be null.
with still_open as (
    select
        type_id,
        count(*) as open,
        cast(sum(people) as bigint) as people,
        sum(tenge) as tenge,
        sum(affected) as affected
    from serving.contradiction
    where
        period = :period
        and (cast(:okrug as text) is null or okrug_kato = :okrug)
    group by type_id
),

changed as (
    select
        type_id,
        count(*) filter (where opened_period = :period) as opened,
        count(*) filter (where closed_period = :period) as closed
    from serving.contradiction_history
    where
        (opened_period = :period or closed_period = :period)
        and (cast(:okrug as text) is null or okrug_kato = :okrug)
    group by type_id
)

select
    t.type_id as type,
    t.owner_registry as owner,
    t.severity,
    t.name_ru as name,
    coalesce(s.open, 0) as open,
    coalesce(c.opened, 0) as opened,
    coalesce(c.closed, 0) as closed,
    s.people,
    s.tenge,
    s.affected,
    t.affected_unit as unit
from serving.contradiction_type as t
left join still_open as s on t.type_id = s.type_id
left join changed as c on t.type_id = c.type_id
where
    (s.type_id is not null or c.type_id is not null)
    and (cast(:registry as text) is null or t.owner_registry = :registry)
    and (cast(:type as text) is null or t.type_id = :type)
order by t.position
