"""Real PostgreSQL logins: people who query tables from their own tools, and the portal's one login."""

from psycopg2 import sql
from psycopg2.extensions import connection, encrypt_password

from auyl.access import passwords, principals
from auyl.access.audit import audit
from auyl.access.errors import PrincipalInvalid

CONNECTIONS = 5  # of one person at a time
PORTAL = "auyl_portal"


def _verifier(conn: connection, role: str, password: str) -> sql.Literal:
    """SCRAM verifier computed here, so that the server and its log never see the password."""
    return sql.Literal(encrypt_password(password, role, scope=conn, algorithm="scram-sha-256"))


def create_login(conn: connection, principal: str, password: str, *, reason: str | None = None) -> None:
    """A PostgreSQL login, member of auyl_reader, that sees what its grants allow: nothing before the first one.

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
            sql.SQL("{} role {} login password {} connection limit {}").format(
                sql.SQL("alter" if exists else "create"),
                role,
                _verifier(conn, principal, password),
                sql.Literal(CONNECTIONS),
            )
        )
        if not exists:
            cur.execute(sql.SQL("grant auyl_reader to {}").format(role))
            # only defaults, against a forgotten query; a user can raise them
            cur.execute(sql.SQL("alter role {} set statement_timeout = '2min'").format(role))
            cur.execute(sql.SQL("alter role {} set idle_in_transaction_session_timeout = '5min'").format(role))
    settle_engineer(conn, principal)
    audit(conn, "create_login", principal, purpose=reason)


def exists(conn: connection, principal: str) -> bool:
    """Whether there is a PostgreSQL login of that name that was created here."""
    with conn.cursor() as cur:
        cur.execute(
            "select exists (select from pg_auth_members m join pg_roles r on r.oid = m.member "
            "where r.rolname = %s and r.rolname <> %s and m.roleid = 'auyl_reader'::regrole)",
            (principal, PORTAL),
        )
        (is_there,) = cur.fetchone() or (False,)
    return bool(is_there)


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
            sql.SQL("alter role {} login password {}").format(sql.Identifier(PORTAL), _verifier(conn, PORTAL, password))
        )


def settle_engineer(conn: connection, principal: str) -> None:
    """Make the login a member of auyl_engineer if it has a grant as engineer, and not otherwise."""
    with conn.cursor() as cur:
        cur.execute(
            "select exists (select from access.grant_ g where g.principal = r.rolname and g.role = 'engineer' "
            "and (g.valid_to is null or g.valid_to > statement_timestamp())), "
            "pg_has_role(r.oid, 'auyl_engineer', 'member') from pg_roles r where r.rolname = %s and not r.rolsuper",
            (principal,),
        )
        row = cur.fetchone()
        if row is None or row[0] == row[1]:
            return
        form = "grant auyl_engineer to {}" if row[0] else "revoke auyl_engineer from {}"
        cur.execute(sql.SQL(form).format(sql.Identifier(principal)))
