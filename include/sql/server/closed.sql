-- What PostgreSQL opens to everybody and only a superuser can close, in the database where this runs; in template1 it
-- holds for every database made later. Without it any login can hold the pipeline's advisory locks, store large objects
-- and open the server's own databases.
-- inputs: pg_proc, pg_database
do $$
declare
    f record;
    shared name;
begin
    for f in
        select p.oid::regprocedure as signature, p.proname like '%advisory%' as is_lock
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and (
                p.proname ~ '^pg_(try_)?advisory_' or p.proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import')
            )
    loop
        if has_function_privilege('public', f.signature, 'execute') then
            execute format('revoke execute on function %s from public', f.signature);
        end if;
        if f.is_lock and exists (select from pg_roles where rolname = 'auyl_owner') then
            execute format('grant execute on function %s to auyl_owner with grant option', f.signature);
        end if;
    end loop;
    for shared in
        select d.datname from pg_database as d
        where d.datname in ('postgres', 'template1') and has_database_privilege('public', d.oid, 'connect')
    loop
        execute format('revoke all on database %I from public', shared);
    end loop;
end
$$;
