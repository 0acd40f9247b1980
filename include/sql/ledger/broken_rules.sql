-- Grain: rule broken by a batch that counts. Key: rule. Inputs: ledger.rule_outcome, batch_ranked.
-- Of a registry that sends changes (:is_delta) every accepted delivery counts, of another the current batch.
select
    o.rule,
    o.severity,
    sum(o.failed)::bigint as rows
from ledger.rule_outcome as o
inner join ledger.batch_ranked as b on o.batch_id = b.batch_id
where
    b.registry = :registry
    and b.period = :period
    and o.failed > 0
    and case when :is_delta then b.counts_as_change else b.current_rank = 1 end
group by o.rule, o.severity
order by sum(o.failed) desc, o.rule
