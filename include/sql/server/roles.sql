-- Roles by need, none a superuser. `auyl migrate` applies it each time; it changes only what is not so already.
-- grain: role of the server
-- key: rolname
--
-- The owner is whoever migrates; it becomes a member of auyl_publisher, to which the vault's table belongs.
--   auyl_pipeline    lands, loads, links and builds; writes the ledger, which it only adds to
--   auyl_publisher   writes serving and vault; the pipeline takes this role in the transactions that publish
--   auyl_portal      the pages
--   auyl_engineer    reads the ledger
--   auyl_reader      every person's login: reads what is open; its members get auyl_reads_… by their grants
-- Roles belong to the whole server, so another database may have made them already, even at this moment.
do $$
declare
    wanted record;
    has record;
begin
    for wanted in
        select * from (
            values
            ('auyl_pipeline', true), ('auyl_publisher', false), ('auyl_portal', true), ('auyl_engineer', true),
            ('auyl_reader', false), ('auyl_reads_snapshot', false), ('auyl_reads_quality', false),
            ('auyl_reads_own_registry', false)
        ) as r (name, may_log_in)
    loop
        begin
            if not exists (select from pg_roles where rolname = wanted.name) then
                execute format('create role %I', wanted.name);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
        select * into has from pg_roles as r where r.rolname = wanted.name;
        if has.rolcanlogin <> wanted.may_log_in then
            execute format('alter role %I %s', wanted.name, case when wanted.may_log_in then 'login' else 'nologin' end);
        end if;
        if has.rolsuper or has.rolbypassrls or has.rolcreaterole or has.rolcreatedb or has.rolreplication then
            execute format(
                'alter role %I nosuperuser nobypassrls nocreaterole nocreatedb noreplication', wanted.name
            );
        end if;
    end loop;
    for wanted in
        select * from (
            values
            ('auyl_publisher', 'auyl_pipeline', 'inherit false, set true'),
            ('auyl_publisher', current_user::text, 'inherit true, set true'),
            ('auyl_reader', 'auyl_portal', 'inherit true'),
            ('auyl_reads_snapshot', 'auyl_portal', 'inherit true'),
            ('auyl_reads_quality', 'auyl_portal', 'inherit true'),
            ('auyl_reads_own_registry', 'auyl_portal', 'inherit true')
        ) as g (name, member, how)
    loop
        if not exists (
            select from pg_auth_members as m
            where m.roleid = wanted.name::regrole and m.member = quote_ident(wanted.member)::regrole
                and (m.inherit_option or m.set_option)
        ) and not (select r.rolsuper from pg_roles as r where r.rolname = wanted.member) then
            begin
                execute format('grant %I to %I with %s', wanted.name, wanted.member, wanted.how);
            exception when unique_violation then
                null;
            end;
        end if;
    end loop;
end
$$;
