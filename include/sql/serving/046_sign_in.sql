-- Signing in, slowed for whoever guesses; sessions and passwords in the hands of the person who has them.
-- grain: access.sign_in_pace one place that signs in; access.sign_in_attempt one password that is about to be checked;
--        access.device one browser that an account signed in from
-- key: place; attempt; (token_sha256, principal)
-- inputs: access.account, session, device, sign_in_pace, sign_in_attempt, audit
--
-- Nobody is locked out: after each failure the next attempt of the same place has to wait longer. A place is
--   1. a browser that this account signed in from before, or else an address, with this account;
--   2. an address, whatever the account: one password tried on many names;
--   3. all unknown browsers and addresses together with this account: many addresses that try one name.
-- A known browser is asked about 1 only, so that guesses from elsewhere never delay the person's own phone.
-- Counters are rows, so that all processes of the portal share them. An attempt counts before its password is looked
-- at, so that guesses side by side count too.

-- Seconds between an attempt after so many failures and the one before it.
create or replace function access.pause_after(kind text, failures int) returns double precision
language sql immutable
set search_path = pg_catalog, pg_temp
return case kind
    when 'account here' then case when failures < 4 then 0 else least(2 ^ (failures - 4), 300) end
    when 'address' then case when failures < 20 then 0 else least(2 ^ ((failures - 20) / 4.0), 60) end
    else case when failures < 50 then 0 else least(2 ^ ((failures - 50) / 10.0), 30) end
end;

-- The part of an address that one subscriber has: IPv4 whole, IPv6 /64.
create or replace function access.subscriber(address inet) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
return coalesce(
    case when family(address) = 6 then text(network(set_masklen(address, 64))) else host(address) end, 'unknown'
);

create or replace function access.place_of(kind text, which text) returns bytea
language sql immutable
set search_path = pg_catalog, pg_temp
return sha256(convert_to(kind || ' ' || which, 'UTF8'));

-- Let an account, and an address if given, try again at once; how many counters that were.
create or replace function access.forgive(who text, address inet) returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    with forgiven as (
        delete from access.sign_in_pace as p
        where p.principal = who or p.place = access.place_of('address', access.subscriber(address))
        returning p.place
    )

    select count(*) from forgiven;
end;

create or replace function access.is_known_device(who text, device bytea) returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
return exists (select from access.device as d where d.token_sha256 = device and d.principal = who);

-- Announce an attempt. `attempt` is for access.sign_in or access.change_password, once, after `wait_s` seconds; it is
-- null where that would be longer than the portal keeps anybody waiting, and then nothing counts. `salt` is how the
-- password is hashed; a name without an account has one too.
create or replace function access.begin_sign_in(
    who text, device bytea, address inet
) returns table (attempt uuid, salt text, wait_s double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    longest constant double precision := 8;
    is_known boolean := access.is_known_device(who, device);
    here text := case when is_known then 'device ' || encode(device, 'hex') else access.subscriber(address) end;
    kinds text[] := case
        when is_known then array['account here'] else array['account here', 'address', 'account']
    end;
    places bytea[];
    allowed_from timestamptz := clock_timestamp();
    was_noted boolean;
begin
    select array_agg(access.place_of(
        k.kind, case k.kind when 'account here' then here || ' ' || who when 'account' then who
        else access.subscriber(address) end
    ) order by k.n) into places
    from unnest(kinds) with ordinality as k (kind, n);

    -- Counters older than a day start again; the table is bounded, the oldest go first.
    delete from access.sign_in_pace as p
    where p.place in (
        select o.place from access.sign_in_pace as o
        where o.last_at < now() - interval '1 day'
        order by o.last_at limit 200 for update skip locked
    );
    if random() < 0.01 then
        delete from access.sign_in_pace as p
        where p.place in (
            select o.place from access.sign_in_pace as o order by o.last_at desc offset 50000 for update skip locked
        );
        delete from access.sign_in_attempt as a where a.allowed_at < now() - interval '10 minutes';
    end if;

    insert into access.sign_in_pace (place, principal)
    select p, case when p <> places[2] or is_known then who end from unnest(places) as p order by p
    on conflict (place) do nothing;
    perform from access.sign_in_pace as p where p.place = any(places) order by p.place for update;
    select greatest(allowed_from, max(p.free_at)), bool_or(p.noted_at > now() - interval '1 minute')
    into allowed_from, was_noted
    from access.sign_in_pace as p where p.place = any(places);
    wait_s := extract(epoch from allowed_from - clock_timestamp());
    if wait_s > longest then
        -- One row a minute: an audit that everybody can fill at will is of no use.
        if not coalesce(was_noted, false) then
            perform access.write_audit('sign_in', '', 'refused', 'slowed down', address, who);
            update access.sign_in_pace as p set noted_at = now() where p.place = any(places);
        end if;
        return query select null::uuid, null::text, begin_sign_in.wait_s;
        return;
    end if;
    update access.sign_in_pace as p
    set
        failures = p.failures + 1,
        free_at = allowed_from
            + make_interval(secs => access.pause_after(kinds[array_position(places, p.place)], p.failures + 1)),
        last_at = now()
    where p.place = any(places);
    attempt := gen_random_uuid();
    insert into access.sign_in_attempt (attempt, principal, address, allowed_at, places)
    values (attempt, who, address, allowed_from, places);
    salt := access.password_salt(who);
    wait_s := greatest(wait_s, 0);
    return next;
end
$$;

-- Open a session with the digest of its token where `proof` is the hash of the password of the attempt's principal;
-- false otherwise. An attempt counts once, not before its time, and for a minute.
create or replace function access.sign_in(
    which_attempt uuid, proof bytea, token bytea, lifetime interval, idle interval, device bytea, device_words text
) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    announced access.sign_in_attempt;
    who text;
begin
    announced := access.take_attempt(which_attempt);
    who := access.right_password(announced, proof);
    if who is null then
        perform access.write_audit('sign_in', '', 'refused', null, announced.address, announced.principal);
        return false;
    end if;
    update access.account as a set last_sign_in_at = now() where a.principal = who;
    -- A browser has one session, and the oldest of many go: what is stored for one account is bounded.
    delete from access.session as s
    where s.principal = who and (s.device_sha256 = sign_in.device or not access.is_open(s));
    delete from access.session as s where s.token_sha256 in (
        select o.token_sha256 from access.session as o where o.principal = who order by o.created_at desc offset 19
    );
    insert into access.session (token_sha256, principal, expires_at, idle_for, device_sha256, device)
    values (
        token, who, now() + least(lifetime, interval '24 hours'), least(idle, interval '24 hours'), sign_in.device,
        left(device_words, 60)
    );
    insert into access.device (token_sha256, principal) values (device, who)
    on conflict (token_sha256, principal) do update set last_at = now();
    delete from access.device as d where d.principal = who and d.token_sha256 in (
        select o.token_sha256 from access.device as o where o.principal = who order by o.last_at desc offset 20
    );
    perform access.write_audit('sign_in', '', 'done', null, announced.address, who);
    return true;
end
$$;

create or replace function access.take_attempt(which_attempt uuid) returns access.sign_in_attempt
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    delete from access.sign_in_attempt as a
    where
        a.attempt = which_attempt
        and clock_timestamp() between a.allowed_at - interval '50 milliseconds' and a.allowed_at + interval '1 minute'
    returning a.*;
end;

-- The attempt's principal where the proof is right, after which the counters of this place and of the account start
-- again. That of the address keeps its earlier failures: who guesses has an account of their own perhaps.
create or replace function access.right_password(announced access.sign_in_attempt, proof bytea) returns text
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    with known as (
        select a.principal from access.account as a
        where a.principal = announced.principal and a.disabled_at is null and a.verifier = sha256(proof)
        for update
    ),

    forgiven as (
        delete from access.sign_in_pace as p
        using known as k
        where p.place in (announced.places[1], announced.places[3])
    ),

    not_counted as (
        update access.sign_in_pace as p
        set failures = greatest(p.failures - 1, 0)
        from known as k
        where p.place = announced.places[2]
    )

    select k.principal from known as k;
end;

-- A new password in place of the one whose proof is given, by the person whose session acts. All other sessions end.
create or replace function access.change_password(
    which_attempt uuid, proof bytea, new_salt text, new_verifier bytea
) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    announced access.sign_in_attempt;
    who text := access.principal();
    is_right boolean;
begin
    announced := access.take_attempt(which_attempt);
    is_right := coalesce(announced.principal = who and access.right_password(announced, proof) is not null, false);
    if is_right then
        update access.account as a
        set password_salt = new_salt, verifier = new_verifier, must_change_password = false, password_set_at = now()
        where a.principal = who;
        delete from access.session as s
        where s.principal = who and s.token_sha256 <> decode(current_setting('auyl.session', true), 'hex');
    end if;
    perform access.write_audit(
        'change_password', '', case when is_right then 'done' else 'refused' end, null, announced.address, who
    );
    return is_right;
end
$$;

-- The PostgreSQL login of the person of the session, where there is one, gets the password that this transaction has set
-- for the pages: else the one that was handed over would open the database for a year. `scram` is its verifier.
create or replace function access.set_own_login(scram text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    who text := access.principal();
begin
    if
        scram !~ '^SCRAM-SHA-256[$][0-9]+:[A-Za-z0-9+/=]+[$][A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$'
        or not exists (select from access.account as a where a.principal = who and a.password_set_at = now())
        or not exists (
            select from pg_auth_members as m
            inner join pg_roles as r on m.member = r.oid
            where r.rolname = who and m.roleid = 'auyl_reader'::regrole and not starts_with(who, 'auyl_')
        )
    then
        return false;
    end if;
    execute format('alter role %I password %L valid until %L', who, scram, now() + interval '1 year');
    perform access.write_audit('change_login_password', '', 'done', null, null, who);
    return true;
end
$$;

-- The session of a token, which counts as used now.
create or replace function access.enter_session(
    token bytea
) returns table (principal text, display_name text, language text, must_change_password boolean)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    update access.session as s set last_seen_at = now()
    where s.token_sha256 = token and s.last_seen_at < now() - interval '20 seconds' and access.is_open(s);
    select s.principal, s.display_name, s.language, s.must_change_password from access.session_of(token) as s;
end;

-- Where the person of the session is signed in.
create or replace function access.own_sessions() returns table (
    device text, created_at timestamptz, last_seen_at timestamptz, is_this boolean
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select
        s.device,
        s.created_at,
        s.last_seen_at,
        s.token_sha256 = decode(current_setting('auyl.session', true), 'hex') as is_this
    from access.session as s
    where s.principal = access.principal() and access.is_open(s)
    order by s.last_seen_at desc;
end;

-- End all sessions of the person of the session, and know none of their browsers any more.
create or replace function access.end_own_sessions(address inet) returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    with who as (select access.principal() as principal),

    ended as (
        delete from access.session as s using who as w
        where s.principal = w.principal
        returning s.principal
    ),

    forgotten as (
        delete from access.device as d using who as w where d.principal = w.principal
    )

    select access.write_audit('sign_out_everywhere', '', 'done', null, address, e.principal)
    from (select distinct principal from ended) as e;
end;

-- A request that was refused before it could name a page: wrong parameters, a form that is not ours. At most 30 rows a
-- minute for one address.
create or replace function access.refuse_request(what text, address inet) returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    insert into access.audit (principal, action, object, outcome, client_address)
    select access.principal(), 'request', left(what, 80), 'refused', address
    where (
        select count(*) from access.audit as a
        where
            a.at > clock_timestamp() - interval '1 minute'
            and a.action = 'request'
            and a.client_address is not distinct from address
    ) < 30;
end;

-- Rows of the audit are only added. access.forget_audit takes out those of former years, and nothing else does.
create or replace function access.refuse_change_of_audit() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if
        tg_op = 'DELETE'
        and current_setting('auyl.forget_audit', true) = 'on'
        and old.at < now() - interval '1 year'
    then
        return old;
    end if;
    raise exception 'access.audit: rows are only added; auyl access forget-audit takes out those of former years'
    using errcode = 'insufficient_privilege';
end
$$;

create or replace trigger audit_is_only_added_to before update or delete on access.audit
for each row execute function access.refuse_change_of_audit();
create or replace trigger audit_is_not_emptied before truncate on access.audit
for each statement execute function access.refuse_change_of_audit();

create or replace function access.forget_audit(before timestamptz) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    forgotten bigint;
begin
    perform set_config('auyl.forget_audit', 'on', true);
    delete from access.audit as a where a.at < least(before, now() - interval '1 year');
    get diagnostics forgotten = row_count;
    perform set_config('auyl.forget_audit', 'off', true);
    return forgotten;
end
$$;

revoke all on function
access.pause_after(text, int),
access.subscriber(inet),
access.place_of(text, text),
access.forgive(text, inet),
access.is_known_device(text, bytea),
access.begin_sign_in(text, bytea, inet),
access.sign_in(uuid, bytea, bytea, interval, interval, bytea, text),
access.take_attempt(uuid),
access.right_password(access.sign_in_attempt, bytea),
access.change_password(uuid, bytea, text, bytea),
access.set_own_login(text),
access.enter_session(bytea),
access.own_sessions(),
access.end_own_sessions(inet),
access.refuse_request(text, inet),
access.refuse_change_of_audit(),
access.forget_audit(timestamptz)
from public;
grant execute on function
access.begin_sign_in(text, bytea, inet),
access.sign_in(uuid, bytea, bytea, interval, interval, bytea, text),
access.change_password(uuid, bytea, text, bytea),
access.set_own_login(text),
access.enter_session(bytea),
access.own_sessions(),
access.end_own_sessions(inet),
access.refuse_request(text, inet)
to auyl_portal;
