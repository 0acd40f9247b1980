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
