-- What the roles of 040 may read: row-level security, the current views, open tables.
-- grain: the views keep the grain of their tables, restricted to the current revision
-- key: (period, kato, indicator_id)
-- inputs: serving.*, access.allowed, access.readers_of
--
-- The policies do not bind the owner, who publishes. A policy without `(select …)` around the function would call it
-- once per row; with it the function runs once per query and the index on the code is used.

alter table serving.snapshot_value enable row level security;

-- A revision in another edition of KATO is hidden until it is published again in the current one: the same code may
-- have meant another place.
drop policy if exists read_own_territory on serving.snapshot_value;
create policy read_own_territory on serving.snapshot_value for select to auyl_reader
using (
    kato = any((select access.allowed(access.readers_of('snapshot')))::text[])
    and (period, revision) in (
        select s.period, s.revision from serving.snapshot as s where s.edition = (select access.current_edition())
    )
);

-- Without security_invoker a view reads with the rights of its owner, whom no policy binds.
create or replace view serving.snapshot_current with (security_invoker = true) as
select v.*
from serving.snapshot_value as v
inner join serving.current_snapshot as f on f.period = v.period and f.revision = v.revision;

revoke all on schema serving, vault, ledger from public;
revoke all on all tables in schema serving from public, auyl_reader, auyl_engineer, auyl_portal;
revoke all on all tables in schema vault from public, auyl_reader, auyl_engineer, auyl_portal;
revoke all on all tables in schema ledger from public, auyl_reader, auyl_portal;

grant usage on schema serving to auyl_reader;
grant select on
    serving.territory, serving.theme, serving.indicator,
    serving.snapshot, serving.current_snapshot, serving.snapshot_source,
    serving.snapshot_value, serving.snapshot_current
to auyl_reader;
grant execute on function access.allowed(text[]), access.readers_of(text), access.current_edition() to auyl_reader;

-- Named one by one: what a later version adds is closed until somebody decides.
alter default privileges in schema ledger revoke select on tables from auyl_engineer;
alter default privileges revoke execute on functions from public;
revoke all on all tables in schema ledger from auyl_engineer;
grant usage on schema ledger to auyl_engineer;
grant select on
    ledger.delivery, ledger.delivery_file, ledger.look, ledger.pull_note, ledger.refusal, ledger.withdrawal,
    ledger.judgement,
    ledger.batch, ledger.batch_column, ledger.batch_ranked, ledger.rule_outcome, ledger.drift,
    ledger.build, ledger.build_input, ledger.revision_decision, ledger.revision_state, ledger.change_acceptance,
    ledger.signed_answer, ledger.edition_decision,
    ledger.catalogue, ledger.entity_set, ledger.hash_key, ledger.hash_key_settled
to auyl_engineer;

grant usage on schema access to auyl_portal;

-- Everybody may store large objects and connect to the server's own databases by default; only a superuser can take
-- that back. A database that came through pg_upgrade from before version 15 also lets everybody create in public.
do $$
declare
    shared name;
begin
    if exists (select from pg_namespace where nspname = 'public') then
        revoke create on schema public from public;
    end if;
    if (select rolsuper from pg_roles where rolname = current_user) then
        revoke execute on function lo_creat(int), lo_create(oid), lo_from_bytea(oid, bytea) from public;
        for shared in
            select d.datname from pg_database as d
            where d.datname in ('postgres', 'template1') and has_database_privilege('public', d.oid, 'connect')
        loop
            execute format('revoke all on database %I from public', shared);
        end loop;
    end if;
end
$$;
