-- Roles that can be granted: those that read a subject, and the engineer. Grants given in a role that has gone stay.
-- grain: access.grant_ one grant
-- key: grant_id
-- inputs: access.reader
do $$
begin
    alter table access.grant_ drop constraint if exists grant__role_check;
    execute format(
        'alter table access.grant_ add constraint grant__role_check check (role = any(%L::text[])) not valid',
        (select array_agg(distinct r.role order by r.role) || 'engineer'::text from access.reader as r)
    );
end
$$;

-- Estimates of a plan come from samples of all rows, hidden ones too: tables with row-level security have none.
do $$
declare
    c record;
begin
    for c in
        select t.oid::regclass as guarded, n.nspname, t.relname, a.attname, a.attstattarget
        from pg_class as t
        inner join pg_namespace as n on t.relnamespace = n.oid
        inner join pg_attribute as a on t.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
        where n.nspname = 'serving' and t.relrowsecurity and a.attstattarget is distinct from 0
    loop
        execute format('alter table %s alter column %I set statistics 0', c.guarded, c.attname);
        perform pg_clear_attribute_stats(c.nspname::text, c.relname::text, c.attname::text, false);
    end loop;
end
$$;
