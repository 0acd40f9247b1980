-- What the portal's login may call: it reads no password, opens no session without one, and writes nothing else.
-- inputs: access.account, session, audit, decoy, scope, scope_of_edition, serving.current_snapshot, place_link
--
-- A password never reaches the database. access.password_salt tells how it is hashed; the portal sends the argon2id
-- hash to access.sign_in, which compares its sha256 with access.account.verifier. Neither is ever answered.

-- Parameters and salt of a principal's password: '$argon2id$v=19$m=…,t=…,p=…$<salt>'. A name without an account has
-- some too, always the same, so that nobody learns who exists.
create or replace function access.password_salt(who text) returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
return coalesce(
    (select a.password_salt from access.account as a where a.principal = who and a.disabled_at is null),
    (
        select
            '$argon2id$v=19$m=65536,t=3,p=4$'
            || left(encode(sha256(d.secret || convert_to(coalesce(who, ''), 'UTF8')), 'base64'), 22)
        from access.decoy as d
    )
);

create or replace function access.end_session(token bytea, address inet) returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    with ended as (
        delete from access.session
        where token_sha256 = token
        returning principal
    )

    select access.write_audit('sign_out', '', 'done', null, address, e.principal)
    from ended as e;
end;

-- Okrugs that the session's principal may read, by subject. It answers before a page is opened: which page there is.
create or replace function access.rights(subjects text[]) returns table (subject text, katos text[])
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select
        wanted.subject,
        array(
            select distinct s.kato
            from access.scope as s
            where s.principal = access.principal() and s.role = any(access.readers_of(wanted.subject))
        ) as katos
    from unnest(subjects) as wanted (subject);
end;

-- Okrugs that the session's principal may read in former months only, since they were merged, divided or abolished:
-- edition, code and newest month of each. One that goes on in a later edition is read as that one.
create or replace function access.former_okrugs() returns table (edition text, kato text, period text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
    with newest as (
        select
            f.edition,
            max(f.period) as period
        from serving.current_snapshot as f
        group by f.edition
    )

    select distinct
        s.edition,
        s.kato,
        n.period
    from newest as n
    inner join access.scope_of_edition as s on n.edition = s.edition
    where
        n.edition <> access.current_edition()
        and s.principal = access.principal()
        and s.role = any(access.readers_of('snapshot'))
        and not exists (
            select
            from newest as later
            inner join serving.place_link as l on later.edition = l.edition_from
            inner join serving.territory as o
                on l.edition_from = o.edition and l.kato_from = o.kato and o.level = 'okrug'
            where later.period > n.period and l.edition_to = s.edition and l.kato_to = s.kato
        )
    order by n.period desc, s.kato asc;
end;

-- Write who is about to read what, and whether they may; the number of that row, or null where they may not or nobody
-- is signed in. After a commit, `auyl.page` set to the number opens the rows of the session's principal for a minute.
-- `page` is the page's name, `about` a subject, `place` an okrug, a district, or null for all that the principal has.
create or replace function access.open_page(
    page text, about text, place text, month text, address inet
) returns bigint
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    with who as (
        select access.principal() as principal
    ),

    read as (
        insert into access.audit (principal, action, object, outcome, client_address)
        select
            w.principal,
            'read',
            concat_ws(
                ' ',
                left(page, 40),
                left(place, 40),
                left(month, 7),
                (
                    select 'revision ' || f.revision from serving.current_snapshot as f
                    where f.period = month
                )
            ),
            case
                when exists (
                    select
                    from access.scope_of_edition as s
                    where
                        s.principal = w.principal
                        -- the list of all okrugs has former ones too
                        and (
                            coalesce(place, month) is null
                            or s.edition in (
                                access.current_edition(),
                                (select f.edition from serving.current_snapshot as f where f.period = month)
                            )
                        )
                        and not (select a.must_change_password from access.account as a where a.principal = w.principal)
                        and s.role = any(access.readers_of(about))
                        and coalesce(place in (s.kato, s.district_kato), place is null)
                ) then 'done'
                else 'refused'
            end,
            address
        from who as w
        where w.principal is not null
        returning audit_id, outcome
    )

    select audit_id from read
    where outcome = 'done';
end;

revoke all on function
access.password_salt(text),
access.end_session(bytea, inet),
access.rights(text[]),
access.former_okrugs(),
access.open_page(text, text, text, text, inet)
from public;
grant execute on function
access.principal(),
access.session_of(bytea),
access.end_session(bytea, inet),
access.rights(text[]),
access.former_okrugs(),
access.open_page(text, text, text, text, inet)
to auyl_portal;
