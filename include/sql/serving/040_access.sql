-- Who may read what: roles of the server, and the functions that tell who asks and what that principal may read.
-- inputs: access.*, serving.territory, serving.current_snapshot, serving.current_edition
--
-- A principal is a name: a PostgreSQL login of that name, an account of the portal of that name, or both.
-- No grant, no rows. Only the owner of the database writes here; the portal acts through functions.

-- The one list of which role reads which subject. It is written at every migration: here what all oblasts have, and
-- the subjects of coordinators from their descriptions in include/subjects.
create table if not exists access.reader (
    subject text not null,
    role text not null,
    primary key (subject, role)
);
delete from access.reader;
insert into access.reader (subject, role) values
('snapshot', 'akim'),
('snapshot', 'district_staff'),
('snapshot', 'oblast_staff'),
('snapshot', 'auditor'),
('quality', 'district_staff'),
('quality', 'oblast_staff'),
('quality', 'auditor');

create or replace function access.readers_of(subject text) returns text[]
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
return coalesce((select array_agg(r.role) from access.reader as r where r.subject = $1), '{}'::text[]);

-- Whether a session has neither reached its end nor been left alone for too long.
create or replace function access.is_open(s access.session) returns boolean
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
return s.expires_at > now() and s.last_seen_at > now() - s.idle_for;

-- A session of the pages by the digest of its token, which nobody can guess and no login can read.
create or replace function access.session_of(
    token bytea
) returns table (principal text, display_name text, language text, must_change_password boolean)
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select
        a.principal,
        a.display_name,
        a.language,
        a.must_change_password
    from access.session as s
    inner join access.account as a using (principal)
    where s.token_sha256 = token and access.is_open(s) and a.disabled_at is null;
end;

-- Who asks. A direct login is itself, whatever it sets. The portal's login speaks for whoever holds the session that it
-- names in `auyl.session`, the digest of the token in hex.
create or replace function access.principal() returns text
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
return case
    when session_user <> 'auyl_portal' then session_user::text
    else (select s.principal from access.session_of(decode(current_setting('auyl.session', true), 'hex')) as s)
end;

-- Who reads rows. The portal's login reads only after access.open_page has written, in a transaction that is committed,
-- who reads what: `auyl.page` has the number of that row of the audit.
create or replace function access.reading_principal() returns text
language sql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
return case
    when session_user <> 'auyl_portal' then session_user::text
    else (
        select a.principal
        from access.audit as a
        where
            a.audit_id = case
                when current_setting('auyl.page', true) ~ '^[0-9]{1,18}$'
                    then current_setting('auyl.page', true)::bigint
            end
            and a.principal = access.principal()
            and a.action = 'read'
            and a.outcome = 'done'
            and a.at > clock_timestamp() - interval '1 minute'
            and a.transaction_id is distinct from pg_current_xact_id_if_assigned()
    )
end;

-- Edition of the newest current snapshot; before the first one, the edition that was loaded. A new edition counts
-- from its first snapshot on, so that loading it hides nothing.
create or replace function access.current_edition() returns text
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
return coalesce(
    (select f.edition from serving.current_snapshot as f order by f.period desc limit 1),
    (select e.edition from serving.current_edition as e)
);

-- Okrugs under each grant that holds now, in each edition. KATO codes are re-used: a grant given in another edition
-- holds only where okrug and district bear the same names in both, or where the adoption of an edition says that the
-- okrug, for a wider grant the district, goes on as that one; retiring an edition deletes what it said.
create or replace view access.scope_of_edition as
select
    g.grant_id,
    g.principal,
    g.role,
    g.territory_prefix,
    g.valid_to,
    okrug.edition,
    okrug.kato,
    okrug.district_kato
from access.grant_ as g
inner join serving.territory as okrug
    on
        okrug.level = 'okrug'
        and okrug.kato between rpad(g.territory_prefix, 9, '0') and rpad(g.territory_prefix, 9, '9')
where
    g.valid_from <= statement_timestamp()
    and (g.valid_to is null or g.valid_to > statement_timestamp())
    and (
        g.edition = okrug.edition
        or exists (
            select
            from serving.territory as then_okrug
            inner join serving.territory as then_district
                on then_district.kato = then_okrug.district_kato and then_district.edition = then_okrug.edition
            inner join serving.territory as district
                on district.kato = okrug.district_kato and district.edition = okrug.edition
            where
                then_okrug.kato = okrug.kato
                and then_okrug.edition = g.edition
                and then_okrug.name_ru = okrug.name_ru
                and then_district.name_ru = district.name_ru
        )
    )
union
select
    g.grant_id,
    g.principal,
    g.role,
    g.territory_prefix,
    g.valid_to,
    okrug.edition,
    okrug.kato,
    okrug.district_kato
from access.grant_ as g
inner join serving.place_link as l
    on
        g.edition = l.edition_from
        and l.kato_from between rpad(g.territory_prefix, 9, '0') and rpad(g.territory_prefix, 9, '9')
        and (length(g.territory_prefix) = 6) = (right(l.kato_from, 5) <> '00000')
inner join serving.territory as okrug
    on
        l.edition_to = okrug.edition
        and okrug.level = 'okrug'
        and l.kato_to = case when length(g.territory_prefix) = 6 then okrug.kato else okrug.district_kato end
where
    g.valid_from <= statement_timestamp()
    and (g.valid_to is null or g.valid_to > statement_timestamp());

-- The same in the current edition.
create or replace view access.scope as
select
    s.grant_id,
    s.principal,
    s.role,
    s.territory_prefix,
    s.valid_to,
    s.kato,
    s.district_kato
from access.scope_of_edition as s
where s.edition = (select access.current_edition());

-- Okrugs that the principal may read in one of these roles; never null, so that `= any` is false, not unknown.
create or replace function access.allowed(roles text[]) returns text[]
language sql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
return coalesce(
    (
        select array_agg(distinct s.kato)
        from access.scope as s
        where s.principal = access.reading_principal() and s.role = any(roles)
    ),
    '{}'::text[]
);

-- The same with the edition that each code is of, for revisions in the edition of their time.
create or replace function access.allowed_in(roles text[]) returns table (edition text, kato text)
language sql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- a policy calls it twice in a query
begin atomic
    select distinct
        s.edition,
        s.kato
    from access.scope_of_edition as s
    where s.principal = access.reading_principal() and s.role = any(roles);
end;

-- The places whose values the principal may read: the okrugs of `allowed_in`, their settlements, and the district or
-- the oblast where the grant is for all of it. A share of the district would tell an akim of the okrugs next to theirs.
create or replace function access.places_in(roles text[]) returns table (edition text, kato text)
language sql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
begin atomic
    with held as (
        select
            s.edition,
            s.kato,
            s.district_kato,
            length(s.territory_prefix) as digits
        from access.scope_of_edition as s
        where s.principal = access.reading_principal() and s.role = any(roles)
    )

    select
        h.edition,
        h.kato
    from held as h
    union
    select
        t.edition,
        t.kato
    from held as h
    inner join serving.territory as t on h.edition = t.edition and h.kato = t.okrug_kato
    where t.level = 'settlement'
    union
    select
        h.edition,
        h.district_kato
    from held as h
    where h.digits <= 4 and h.district_kato is not null
    union
    select
        h.edition,
        left(h.kato, 2) || '0000000'
    from held as h
    where h.digits <= 2;
end;

create or replace function access.write_audit(
    what text, which text, how_it_ended text, why text default null, address inet default null, who text default null
) returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    insert into access.audit (principal, action, object, outcome, purpose, client_address)
    values (coalesce(who, access.principal()), what, which, how_it_ended, why, address);
end;

-- The first condition of every policy. PostgreSQL asks cheap conditions of the reader before dear ones of the policy,
-- and a plan shows which were asked: whether a hidden row satisfies the reader's. At this cost the policy is asked
-- first. It serves no index; the same condition as `= any` stands beside it for that.
create or replace function access.holds(held text[], wanted text) returns boolean
language plpgsql immutable parallel safe cost 0.00001
set search_path = pg_catalog, pg_temp
as $$
begin
    return wanted = any(held);
end
$$;

-- Views are made after everything was closed, and functions are closed by default; this holds both.
revoke all on all functions in schema access from public;
grant execute on function access.write_audit(text, text, text, text, inet, text) to auyl_pipeline, auyl_publisher;
grant execute on function access.principal(), access.current_edition() to auyl_pipeline, auyl_publisher;
