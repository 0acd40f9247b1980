-- Everything is closed here, and each of the next files opens what somebody decided.
-- inputs: all tables of ledger, serving, vault and access
do $$
declare
    wanted record;
    f regprocedure;
begin
    execute format('revoke all on database %I from public', current_database());
    for wanted in select rolname from pg_roles where rolname like 'auyl\_%' and rolname not in (current_user, 'auyl_owner') loop
        execute format('revoke all on database %I from %I', current_database(), wanted.rolname);
        execute format('revoke all on schema ledger, serving, vault, access, migration from %I', wanted.rolname);
        execute format('revoke all on all tables in schema ledger, serving, access, migration from %I', wanted.rolname);
        if wanted.rolname <> 'auyl_publisher' then
            execute format('revoke all on all tables in schema vault from %I', wanted.rolname);
        end if;
        execute format('revoke all on all sequences in schema ledger, serving, vault, access from %I', wanted.rolname);
    end loop;
    revoke all on schema ledger, serving, vault, access from public;
    revoke all on all tables in schema ledger, serving, vault, access from public;
    if exists (select from pg_namespace where nspname = 'public') then
        -- a database that came through pg_upgrade from before version 15 lets everybody create there
        revoke create on schema public from public;
    end if;
    -- temporary tables are for the pipeline, which copies through them
    execute format(
        'grant connect on database %I to auyl_reader, auyl_engineer, auyl_portal, auyl_pipeline', current_database()
    );
    execute format('grant temporary on database %I to auyl_pipeline, auyl_publisher', current_database());
    for f in
        select p.oid::regprocedure from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^pg_(try_)?advisory_'
            and has_function_privilege(current_user, p.oid, 'execute with grant option')
    loop
        execute format('grant execute on function %s to auyl_pipeline, auyl_publisher', f);
    end loop;
end
$$;
alter default privileges revoke execute on functions from public;
alter default privileges in schema ledger revoke select on tables from auyl_engineer;
alter default privileges for role auyl_publisher revoke execute on functions from public;
