"""Real PostgreSQL logins: people who query tables from their own tools, and the portal's one login."""

from datetime import UTC, datetime, timedelta

from psycopg2 import sql
from psycopg2.extensions import connection, encrypt_password

from auyl.access import passwords, principals
from auyl.access.audit import audit
from auyl.access.errors import PrincipalInvalid

CONNECTIONS = 5  # of one person at a time
PASSWORD_LIFETIME = timedelta(days=365)
# Of a person's login. The first two only a superuser may change, or the owner, to whom the set-up of the server gives
# that right; a person can change the others, which help against a forgotten query.
LIMITS = {
    "temp_file_limit": "1GB",
    "log_statement": "all",
    "statement_timeout": "2min",
    "idle_in_transaction_session_timeout": "5min",
    "work_mem": "16MB",
}
PORTAL = "auyl_portal"


def verifier(conn: connection, role: str, password: str) -> str:
    """SCRAM verifier computed here, so that the server and its log never see the password."""
    return str(encrypt_password(password, role, scope=conn, algorithm="scram-sha-256"))


def create_login(conn: connection, principal: str, password: str, *, reason: str | None = None) -> None:
    """A PostgreSQL login, member of auyl_reader, that reads what its grants allow; before the first one, open tables.

    An existing login gets the new password and is opened again. The caller commits.
    Raises PrincipalInvalid (also for a role that was not created here), PasswordTooWeak.
    """
    role = sql.Identifier(principals.check(principal))
    passwords.check(password, principal)
    with conn.cursor() as cur:
        cur.execute(
            "select exists (select from pg_roles where rolname = %s), exists (select from pg_auth_members m "
            "join pg_roles r on r.oid = m.member where r.rolname = %s and m.roleid = 'auyl_reader'::regrole)",
            (principal, principal),
        )
        exists, ours = cur.fetchone() or (False, False)
        if exists and not ours:
            raise PrincipalInvalid(f"principal {principal!r}: the server has a role of that name for something else")
        cur.execute(
            sql.SQL("{} role {} login password {} connection limit {} valid until {}").format(
                sql.SQL("alter" if exists else "create"),
                role,
                sql.Literal(verifier(conn, principal, password)),
                sql.Literal(CONNECTIONS),
                sql.Literal((datetime.now(UTC) + PASSWORD_LIFETIME).isoformat()),
            )
        )
        if not exists:
            cur.execute(sql.SQL("grant auyl_reader to {}").format(role))
        for name, value in LIMITS.items():
            cur.execute(
                "select context = 'superuser' and not has_parameter_privilege(name, 'set') from pg_settings "
                "where name = %s",
                (name,),
            )
            if cur.fetchone() == (False,):
                cur.execute(sql.SQL("alter role {} set {} = {}").format(role, sql.Identifier(name), sql.Literal(value)))
    settle_login(conn)
    audit(conn, "create_login", principal, purpose=reason)


def exists(conn: connection, principal: str) -> bool:
    """Whether there is a PostgreSQL login of that name that was created here."""
    with conn.cursor() as cur:
        cur.execute(
            "select exists (select from pg_auth_members m join pg_roles r on r.oid = m.member "
            "where r.rolname = %s and r.rolname <> %s and m.roleid = 'auyl_reader'::regrole and m.inherit_option)",
            (principal, PORTAL),
        )
        (is_there,) = cur.fetchone() or (False,)
    return bool(is_there)


def set_login_password(conn: connection, principal: str, password: str, *, reason: str | None = None) -> None:
    """Another password for a login, which stays open or shut; what it is running ends. The caller commits."""
    until = datetime.now(UTC) + PASSWORD_LIFETIME
    with conn.cursor() as cur:
        cur.execute(
            sql.SQL("alter role {} password {} valid until {}").format(
                sql.Identifier(principals.check(principal)),
                sql.Literal(verifier(conn, principal, password)),
                sql.Literal(until.isoformat()),
            )
        )
        cur.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (principal,))
    audit(conn, "set_login_password", principal, purpose=reason)


def close_login(conn: connection, principal: str, *, reason: str | None = None) -> None:
    """Shut a login and end what it is running. Its grants stay, as history. The caller commits."""
    with conn.cursor() as cur:
        cur.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(principals.check(principal))))
        cur.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (principal,))
    audit(conn, "close_login", principal, purpose=reason)


def set_portal_password(conn: connection, password: str) -> None:
    """Give the portal's login its password; without one it cannot sign in. The caller commits."""
    passwords.check(password)
    with conn.cursor() as cur:
        cur.execute(
            sql.SQL("alter role {} login password {}").format(
                sql.Identifier(PORTAL), sql.Literal(verifier(conn, PORTAL, password))
            )
        )


def settle_login(conn: connection, principal: str | None = None) -> None:
    """Make logins members of the roles that their grants need, and of no other; of one principal, or of everybody.

    A grant that has ended by its term takes its role away with the next call for anybody.
    """
    with conn.cursor() as cur:
        cur.execute(
            """
            with login as (
                select r.oid, r.rolname from pg_roles as r inner join pg_auth_members as m on m.member = r.oid
                where m.roleid = 'auyl_reader'::regrole and m.inherit_option and not r.rolsuper
                    and r.rolname <> %(portal)s and (%(principal)s::text is null or r.rolname = %(principal)s)
            ),
            current_grant as (
                select g.principal, g.role from access.grant_ as g
                where g.valid_to is null or g.valid_to > statement_timestamp()
            ),
            wanted as (
                select l.oid, l.rolname, to_regrole('auyl_reads_' || r.subject) as role
                from login as l inner join current_grant as g on g.principal = l.rolname
                inner join access.reader as r using (role)
                union
                select l.oid, l.rolname, to_regrole('auyl_engineer')
                from login as l inner join current_grant as g on g.principal = l.rolname and g.role = 'engineer'
                union
                select l.oid, l.rolname, to_regrole('auyl_reads_own_registry')
                from login as l inner join access.owner as o on o.principal = l.rolname and o.ended_at is null
            ),
            has as (
                select l.oid, l.rolname, m.roleid::regrole as role
                from login as l inner join pg_auth_members as m on m.member = l.oid
                inner join pg_roles as r on m.roleid = r.oid
                where r.rolname like 'auyl\\_reads\\_%%' or r.rolname = 'auyl_engineer'
            )
            (select 'grant %%s to %%I', role::text, rolname from wanted except
                select 'grant %%s to %%I', role::text, rolname from has)
            union all
            (select 'revoke %%s from %%I', role::text, rolname from has except
                select 'revoke %%s from %%I', role::text, rolname from wanted)
            """,
            {"principal": principal, "portal": PORTAL},
        )
        for form, role, login in cur.fetchall():
            cur.execute("select format(%s, %s::text, %s::text)", (form, role, login))
            cur.execute((cur.fetchone() or ("",))[0])
