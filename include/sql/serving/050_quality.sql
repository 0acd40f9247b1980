-- Quality of what registries send, by okrug, for engineers, for those who oversee a territory and for the owners.
-- inputs: access.allowed, access.readers_of

-- Grain: as the table, with the change since the registry's previous period.
create or replace view serving.quality_trend with (security_invoker = true) as
select
    q.*,
    q.rows_in - lag(q.rows_in) over previous as rows_in_change,
    q.completeness_pct - lag(q.completeness_pct) over previous as completeness_change_pct,
    q.validity_pct - lag(q.validity_pct) over previous as validity_change_pct
from serving.quality as q
window previous as (partition by q.registry, q.level, coalesce(q.kato, '') order by q.period);

revoke all on access.owner from public, auyl_reader, auyl_engineer, auyl_portal;

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
grant execute on function access.registries() to auyl_reader;

alter table serving.quality enable row level security;
drop policy if exists read_own_registry on serving.quality;
create policy read_own_registry on serving.quality for select to auyl_reader
using (registry = any((select access.registries())::text[]));
drop policy if exists read_own_territory on serving.quality;
create policy read_own_territory on serving.quality for select to auyl_reader
using (level = 'okrug' and kato = any((select access.allowed(access.readers_of('quality')))::text[]));
drop policy if exists engineers_read on serving.quality;
create policy engineers_read on serving.quality for select to auyl_engineer using (true);

grant select on serving.quality, serving.quality_trend to auyl_reader, auyl_engineer;
grant usage on schema serving to auyl_engineer;
