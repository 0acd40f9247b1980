-- Quality of what registries send, by okrug, for engineers, for those who oversee a territory and for the owners.
-- inputs: access.allowed_in, access.readers_of

-- Grain: as the table, with the change since the registry's previous period.
create or replace view serving.quality_trend with (security_invoker = true) as
select
    q.*,
    q.rows_in - lag(q.rows_in) over previous as rows_in_change,
    q.completeness_pct - lag(q.completeness_pct) over previous as completeness_change_pct,
    q.validity_pct - lag(q.validity_pct) over previous as validity_change_pct
from serving.quality as q
window previous as (partition by q.registry, q.level, coalesce(q.kato, '') order by q.period);

-- Registries that the principal owns; never null, so that `= any` is false, not unknown.
create or replace function access.registries() returns text[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
return coalesce(
    (
        select array_agg(distinct o.registry)
        from access.owner as o
        where o.principal = access.reading_principal() and o.ended_at is null
    ),
    '{}'::text[]
);
revoke all on function access.registries() from public;
grant execute on function access.registries() to auyl_reads_own_registry;

alter table serving.quality enable row level security;
drop policy if exists read_own_registry on serving.quality;
create policy read_own_registry on serving.quality for select to auyl_reads_own_registry
using (
    access.holds((select access.registries()), registry)
    and registry = any((select access.registries())::text[])
);
drop policy if exists read_own_territory on serving.quality;
create policy read_own_territory on serving.quality for select to auyl_reads_quality
using (
    access.holds((select array_agg(a.kato) from access.allowed_in(access.readers_of('quality')) as a), kato)
    and kato = any((select array_agg(a.kato) from access.allowed_in(access.readers_of('quality')) as a)::text[])
    and level = 'okrug'
    -- The same code may have meant another place in the edition of that month.
    and (edition, kato) in (
        select
            a.edition,
            a.kato
        from access.allowed_in(access.readers_of('quality')) as a
    )
);
drop policy if exists engineers_read on serving.quality;
create policy engineers_read on serving.quality for select to auyl_engineer using (true);

drop policy if exists publish on serving.quality;
create policy publish on serving.quality to auyl_publisher using (true) with check (true);
drop policy if exists compare on serving.quality;
create policy compare on serving.quality for select to auyl_pipeline using (true);

grant select on serving.quality, serving.quality_trend
to auyl_reads_quality, auyl_reads_own_registry;
