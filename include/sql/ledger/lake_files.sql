-- Grain: file or folder of the lake that the ledger names. Key: path. Inputs: ledger.delivery, delivery_file,
-- batch_ranked, refusal, erased_delivery.
-- sha256, size_bytes: of landed files. rows: of a Parquet file, or of all parts of raw; null where the ledger does not
-- say. Of a delivery the batch that counts for it; none of what was erased or withdrawn, but its landing.
with there as (
    select d.*
    from ledger.delivery as d
    left join ledger.erased_delivery as e on d.delivery_id = e.delivery_id
    where e.delivery_id is null and (d.registry = :registry or :registry is null)
),

counting as (
    select b.*
    from ledger.batch_ranked as b
    inner join there as t on b.delivery_id = t.delivery_id
    where b.rank_in_delivery = 1 and not b.is_withdrawn
)

select
    t.registry,
    t.period,
    t.delivery_id,
    'landing' as kind,
    t.landing_path || '/' || f.name as path,
    f.sha256,
    f.size_bytes,
    null::bigint as rows
from there as t
inner join ledger.delivery_file as f on t.delivery_id = f.delivery_id
union all
select
    c.registry,
    c.period,
    c.delivery_id,
    'raw' as kind,
    c.raw_path as path,
    null as sha256,
    null as size_bytes,
    (select sum(n.value::bigint)::bigint from jsonb_each_text(c.notes -> 'files') as n) as rows
from counting as c
union all
select
    c.registry,
    c.period,
    c.delivery_id,
    p.kind,
    p.path,
    null as sha256,
    null as size_bytes,
    p.rows
from counting as c
cross join lateral (
    values
    ('stage', c.stage_path, c.staged),
    ('quarantine', c.quarantine_path, c.linkable + c.quarantined + c.duplicates),
    ('linkable', c.linkable_path, c.linkable)
) as p (kind, path, rows)
where p.path is not null
union all
select
    t.registry,
    t.period,
    t.delivery_id,
    'quarantine' as kind,
    r.quarantine_path as path,
    null as sha256,
    null as size_bytes,
    null as rows
from there as t
inner join lateral (
    select f.quarantine_path
    from ledger.refusal as f
    where f.delivery_id = t.delivery_id
    order by f.refusal_id desc limit 1
) as r on r.quarantine_path is not null
where not exists (select from ledger.batch as b where b.delivery_id = t.delivery_id)
order by registry, period, delivery_id, path
