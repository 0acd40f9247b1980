-- Grain: delivery for a month whose extracts are past their term although they count. Key: delivery_id.
-- Inputs: ledger.delivery, erased_delivery, revision_state, build_input, batch, drift; serving.contradiction_source.
-- Of months before :carried, since later months are built with older extracts where the contract lets them. None that
-- a revision or a set of contradictions of :first or later rests on, and none that shares rows with such a month.
with needed as (
    select b.delivery_id
    from ledger.revision_state as s
    inner join ledger.build_input as i on s.build_id = i.build_id
    inner join ledger.batch as b on i.batch_id = b.batch_id
    where s.period >= :first
    union all
    select b.delivery_id
    from serving.contradiction_source as c
    inner join ledger.batch as b on c.batch_id = b.batch_id
    where c.period >= :first
    union all
    select b.delivery_id
    from ledger.drift as f
    inner join ledger.batch as b on f.batch_id = b.batch_id
    where f.kind = 'rows_moved' and f.name >= :first
)

select d.delivery_id
from ledger.delivery as d
where
    d.registry = :registry
    and d.period < :carried
    and not exists (select from ledger.erased_delivery as e where e.delivery_id = d.delivery_id)
    and not exists (select from needed as n where n.delivery_id = d.delivery_id)
order by d.delivery_id
