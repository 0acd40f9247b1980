-- Grain: period with an accepted extract that nobody has withdrawn, or with a revision, newest first. Key: period.
-- Inputs: ledger.delivery, ledger.batch_ranked, serving.current_snapshot.
select
    d.period,
    count(distinct b.registry) filter (where not b.is_withdrawn) as registries,
    count(distinct d.delivery_id) as deliveries,
    count(distinct d.delivery_id) filter (where b.batch_id is null) as not_accepted,
    max(c.revision) as revision
from ledger.delivery as d
left join ledger.batch_ranked as b on d.delivery_id = b.delivery_id and b.rank_in_delivery = 1
left join serving.current_snapshot as c on d.period = c.period
group by d.period
having count(b.batch_id) filter (where not b.is_withdrawn) > 0 or max(c.revision) is not null
order by d.period desc
