-- Quality of what registries send, by okrug, for engineers, for those who oversee a territory and for the owners.
-- grain: registry, period and okrug; kato null where the row's place is known to nobody; level registry sums all
-- key: (registry, period, level, kato)
-- inputs: access.allowed, access.readers_of
create table if not exists serving.quality (
    registry text not null,
    period text not null,
    level text not null check (level in ('registry', 'okrug', 'unplaced')),
    kato text,
    edition text not null,
    rows_in bigint not null,
    staged bigint not null,
    quarantined bigint not null,
    duplicates bigint not null,
    warned bigint not null,
    -- filled cells of the required columns and of those that tell the place
    completeness_pct numeric(6, 3),
    -- rows that break no rule, of those that are no repetition
    validity_pct numeric(6, 3),
    duplicates_pct numeric(6, 3),
    -- arrival beside the contract's deadline; below zero is early
    days_late numeric(8, 2) not null,
    measured_at timestamptz not null default now(),
    constraint balances check (rows_in = staged + quarantined + duplicates)
);
create unique index if not exists quality_key on serving.quality (registry, period, level, coalesce(kato, ''));

-- Grain: as the table, with the change since the registry's former period.
create or replace view serving.quality_trend with (security_invoker = true) as
select
    q.*,
    q.rows_in - lag(q.rows_in) over former as rows_in_change,
    q.completeness_pct - lag(q.completeness_pct) over former as completeness_change_pct,
    q.validity_pct - lag(q.validity_pct) over former as validity_change_pct
from serving.quality as q
window former as (partition by q.registry, q.level, coalesce(q.kato, '') order by q.period);

-- Who owns a registry: a login of its office, which reads the quality of that registry and nothing else.
create table if not exists access.owner (
    owner_id bigint generated always as identity primary key,
    principal text not null check (octet_length(principal) between 1 and 63),
    registry text not null,
    given_by text not null,
    reason text not null check (reason <> ''),
    given_at timestamptz not null default now(),
    ended_at timestamptz
);
create unique index if not exists owner_once on access.owner (principal, registry) where ended_at is null;
revoke all on access.owner from public, auyl_reader, auyl_engineer, auyl_portal;

-- Registries that the principal owns; never null, so that `= any` is false, not unknown.
create or replace function access.registries() returns text[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
return coalesce(
    (
        select array_agg(distinct o.registry)
        from access.owner as o
        where o.principal = access.principal() and o.ended_at is null
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
