-- Grain: contradiction of the period, with the period in which it opened. Key: type_id, subject_kind, subject_key.
-- Inputs: serving.contradiction, contradiction_history.
-- Parameters: period; registry (of the owner), type and okrug may be null.
select
    c.*,
    h.opened_period
from serving.contradiction as c
inner join serving.contradiction_history as h
    on
        c.type_id = h.type_id
        and c.subject_kind = h.subject_kind
        and c.subject_key = h.subject_key
        and c.period between h.opened_period and h.last_period
where
    c.period = :period
    and (cast(:registry as text) is null or c.owner_registry = :registry)
    and (cast(:type as text) is null or c.type_id = :type)
    and (cast(:okrug as text) is null or c.okrug_kato = :okrug)
order by c.type_id, c.okrug_kato nulls last, c.subject_kind, c.subject_key
