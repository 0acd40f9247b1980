-- Grain: object of this database, and of its server where the server's defaults open it. Key: kind, object.
-- Answer: (kind, object, rights, protection). `rights` says who may do what beside the object's owner, as granted or
-- as PostgreSQL's defaults have it; `protection` has what limits a reader further.
-- Roles belong to the whole server: those of subjects that this database does not have are left out.
with our_role as (
    select r.*
    from pg_roles as r
    where
        r.rolname like 'auyl\_%'
        and (
            r.rolname not like 'auyl\_reads\_%'
            or r.rolname = 'auyl_reads_own_registry'
            or exists (select from access.reader as s where r.rolname = 'auyl_reads_' || s.subject)
        )
),

objects (kind, object, acl, protection, place) as (
    select
        'database',
        case d.datname when current_database() then '(this)' else d.datname::text end,
        coalesce(d.datacl, acldefault('d', d.datdba)),
        null,
        1
    from pg_database as d
    where d.datname in (current_database(), 'postgres', 'template1')
    union all
    select 'schema', n.nspname::text, coalesce(n.nspacl, acldefault('n', n.nspowner)), null, 2
    from pg_namespace as n
    where n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('pg_catalog', 'information_schema')
    union all
    select
        case c.relkind
            when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialised view'
            when 'S' then 'sequence' when 'f' then 'foreign table'
        end,
        format('%s.%s', n.nspname, c.relname),
        coalesce(
            c.relacl,
            case c.relkind when 'S' then acldefault('s', c.relowner) else acldefault('r', c.relowner) end
        ),
        nullif(concat_ws(
            '; ',
            case when c.relrowsecurity then 'row-level security' end,
            case when c.relforcerowsecurity then 'for its owner too' end,
            -- another owner than that of the schema
            'owner ' || case when c.relowner <> n.nspowner then pg_get_userbyid(c.relowner) end,
            array_to_string(c.reloptions, ', ')
        ), ''),
        3
    from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        and n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('pg_catalog', 'information_schema')
    union all
    select 'column', format('%s.%s.%s', n.nspname, c.relname, a.attname), a.attacl, null, 4
    from pg_attribute as a
    inner join pg_class as c on a.attrelid = c.oid
    inner join pg_namespace as n on c.relnamespace = n.oid
    where a.attacl is not null and n.nspname not in ('pg_catalog', 'information_schema')
    union all
    select
        'policy',
        format('%s.%s', n.nspname, c.relname),
        null::aclitem[],
        format(
            '%s for %s to %s using (%s)%s',
            p.polname,
            case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
                else 'all' end,
            array_to_string(array(
                select r.rolname from pg_roles as r where r.oid = any(p.polroles) order by r.rolname
            ), ', '),
            regexp_replace(pg_get_expr(p.polqual, p.polrelid), '\s+', ' ', 'g'),
            ' with check (' || regexp_replace(pg_get_expr(p.polwithcheck, p.polrelid), '\s+', ' ', 'g') || ')'
        ),
        5
    from pg_policy as p
    inner join pg_class as c on p.polrelid = c.oid
    inner join pg_namespace as n on c.relnamespace = n.oid
    union all
    select
        case f.prokind when 'p' then 'procedure' else 'function' end,
        format('%s.%s(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)),
        coalesce(f.proacl, acldefault('f', f.proowner)),
        nullif(concat_ws(
            '; ', case when f.prosecdef then 'with its owner''s rights' end, array_to_string(f.proconfig, ', ')
        ), ''),
        6
    from pg_proc as f inner join pg_namespace as n on f.pronamespace = n.oid
    where n.nspname not in ('pg_catalog', 'information_schema')
        or f.proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import')
        or f.proname ~ '^pg_(try_)?advisory_'
    union all
    select 'large object', l.oid::text, coalesce(l.lomacl, acldefault('L', l.lomowner)), null, 7
    from pg_largeobject_metadata as l
    union all
    select
        'default',
        format(
            '%s of %s%s', case d.defaclobjtype
                when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
                when 'n' then 'schemas' when 'L' then 'large objects'
            end,
            coalesce(n.nspname, 'every schema'),
            ' made by ' || case when d.defaclrole::regrole::text like 'auyl\_%' then d.defaclrole::regrole::text end
        ),
        d.defaclacl,
        null,
        8
    from pg_default_acl as d left join pg_namespace as n on d.defaclnamespace = n.oid
    union all
    select
        'role',
        r.rolname::text,
        null::aclitem[],
        concat_ws(
            '; ',
            case when r.rolcanlogin then 'may log in' else 'no login' end,
            case when r.rolsuper then 'superuser' end,
            case when r.rolcreaterole then 'makes roles' end,
            case when r.rolcreatedb then 'makes databases' end,
            case when r.rolreplication then 'replication' end,
            case when r.rolbypassrls then 'bypasses row-level security' end,
            'member of ' || nullif(array_to_string(array(
                select g.rolname || case when m.inherit_option then '' else ' (by set role)' end
                from pg_auth_members as m inner join our_role as g on m.roleid = g.oid
                where m.member = r.oid and (m.inherit_option or m.set_option) order by g.rolname
            ), ', '), '')
        ),
        0
    from our_role as r
    union all
    select
        'setting',
        concat_ws(' in ', coalesce(r.rolname, 'everybody'), case when s.setdatabase <> 0 then '(this)' end),
        null::aclitem[],
        array_to_string(s.setconfig, ', '),
        0
    from pg_db_role_setting as s left join pg_roles as r on s.setrole = r.oid
    left join pg_database as d on s.setdatabase = d.oid
    where (r.rolname is null or r.rolname like 'auyl\_%') and (d.datname is null or d.datname = current_database())
    union all
    select 'parameter', p.parname, p.paracl, null, 0
    from pg_parameter_acl as p
)

select
    o.kind,
    o.object,
    coalesce((
        select string_agg(format('%s: %s', g.grantee, g.privileges), '; ' order by g.grantee)
        from (
            select
                case e.grantee when 0 then 'everybody' else pg_get_userbyid(e.grantee) end as grantee,
                string_agg(lower(e.privilege_type), ', ' order by e.privilege_type) as privileges
            from aclexplode(o.acl) as e
            where e.grantee <> e.grantor
            group by grantee
        ) as g
    ), '-') as rights,
    coalesce(o.protection, '-') as protection
from objects as o
order by o.place, kind, object, protection
