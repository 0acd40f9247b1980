-- Grain: registry, period and kind of drift of batches accepted after :since. Inputs: ledger.drift, batch_ranked.
select
    b.registry,
    b.period,
    d.kind,
    count(*) as findings,
    string_agg(distinct d.name, ', ') as names
from ledger.drift as d
inner join ledger.batch_ranked as b on d.batch_id = b.batch_id
where
    b.rank_in_delivery = 1
    and not b.is_withdrawn
    and d.kind <> 'same_bytes'
    and (b.accepted_at > :since or cast(:since as timestamptz) is null)
group by b.registry, b.period, d.kind
order by b.registry, b.period, d.kind
