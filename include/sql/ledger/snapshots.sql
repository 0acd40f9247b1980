-- Grain: revision of a period's snapshot, newest first. Key: period, revision.
-- Inputs: serving.snapshot, current_snapshot, snapshot_source, snapshot_missing.
select
    s.period,
    s.revision,
    c.period is not null as is_current,
    s.edition,
    s.published_at,
    (
        select count(distinct u.registry)
        from serving.snapshot_source as u
        where u.period = s.period and u.revision = s.revision
    ) as registries,
    (
        select coalesce(string_agg(m.registry, ' ' order by m.registry), '')
        from serving.snapshot_missing as m
        where m.period = s.period and m.revision = s.revision
    ) as without
from serving.snapshot as s
left join serving.current_snapshot as c on s.period = c.period and s.revision = c.revision
order by s.period desc, s.revision desc
