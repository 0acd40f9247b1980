"""Accounts of the portal, from opening to closing. An account by itself opens nothing: grants do."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg2.extensions import connection

from auyl.access import logins, passwords, principals
from auyl.access.audit import audit
from auyl.access.errors import AccountInvalid, PrincipalInvalid
from auyl.access.grants import revoke

Language = Literal["kk", "ru", "en"]
LONGEST_NAME = 80


@dataclass(frozen=True)
class PersonAccount:
    """An account as it is now; `grants` are those that hold, `sessions` the places where the person is signed in."""

    principal: str
    display_name: str
    language: str
    state: Literal["open", "one-time password", "closed"]
    has_sql_login: bool
    grants: int
    sessions: int
    last_sign_in_at: datetime | None
    created_at: datetime


def create_account(
    conn: connection,
    principal: str,
    password: str,
    *,
    display_name: str,
    language: Language = "kk",
    must_change_password: bool = False,
    reason: str | None = None,
) -> None:
    """An account that can sign in at the portal. The caller commits.

    Raises PrincipalInvalid (also when it exists: `set_password` changes it), AccountInvalid (its name to be shown),
    PasswordTooWeak.
    """
    principals.check_new(principal)
    name = check_display_name(display_name)
    with conn.cursor() as cur:
        cur.execute(
            "insert into access.account (principal, password_salt, verifier, display_name, language, "
            "must_change_password) values (%s, %s, %s, %s, %s, %s) on conflict (principal) do nothing",
            (
                principal,
                *passwords.verifier_of(password, principal, name),
                name,
                language,
                must_change_password,
            ),
        )
        if cur.rowcount == 0:
            raise PrincipalInvalid(f"principal {principal!r}: has an account already")
    audit(conn, "create_account", principal, purpose=reason)


def check_display_name(name: str) -> str:
    """The name as it is shown, without outer spaces. Raises AccountInvalid."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise AccountInvalid(f"name to be shown: expected 1 to {LONGEST_NAME} letters, found {len(name)}")
    return name


def account_of(conn: connection, principal: str) -> PersonAccount:
    """The account of that name. Raises AccountInvalid where there is none."""
    found = list_accounts(conn, principal)
    if not found:
        raise AccountInvalid(
            f"principal {principal!r}: has no account. `auyl access accounts` lists those that there are"
        )
    return found[0]


def list_accounts(conn: connection, principal: str | None = None) -> list[PersonAccount]:
    """All accounts by name, or the one of that name."""
    with conn.cursor() as cur:
        cur.execute(
            """
            select a.principal, a.display_name, a.language,
                case when a.disabled_at is not null then 'closed'
                    when a.must_change_password then 'one-time password' else 'open' end,
                exists (select from pg_roles r where r.rolname = a.principal and r.rolcanlogin),
                (select count(*) from access.grant_ g where g.principal = a.principal
                    and g.valid_from <= now() and (g.valid_to is null or g.valid_to > now())),
                (select count(*) from access.session s where s.principal = a.principal and access.is_open(s)),
                a.last_sign_in_at, a.created_at
            from access.account a where %s::text is null or a.principal = %s order by a.principal
            """,
            (principal, principal),
        )
        return [PersonAccount(*row) for row in cur.fetchall()]


def set_password(
    conn: connection,
    principal: str,
    password: str,
    *,
    must_change_password: bool = False,
    reason: str | None = None,
) -> None:
    """A new password for an open account and its PostgreSQL login; its sessions end, and it may try again at once.

    The caller commits. With `must_change_password` it serves for one sign-in. Raises AccountInvalid (no such account,
    or closed), PasswordTooWeak.
    """
    account = account_of(conn, principal)
    if account.state == "closed":
        raise AccountInvalid(f"principal {principal!r}: its account is closed. `auyl access reopen` opens it")
    salt, verifier = passwords.verifier_of(password, principal, account.display_name)
    with conn.cursor() as cur:
        cur.execute(
            "update access.account set password_salt = %s, verifier = %s, must_change_password = %s, "
            "password_set_at = now() where principal = %s",
            (salt, verifier, must_change_password, principal),
        )
    if account.has_sql_login:
        logins.set_login_password(conn, principal, password, reason=reason)
    _end_sessions(conn, principal)
    forgive(conn, principal)
    audit(conn, "set_password", principal, purpose=reason)


def rename(conn: connection, principal: str, display_name: str, *, language: Language | None, reason: str) -> None:
    """Another name to be shown, and another language if given. The caller commits. Raises AccountInvalid."""
    account_of(conn, principal)
    with conn.cursor() as cur:
        cur.execute(
            "update access.account set display_name = %s, language = coalesce(%s, language) where principal = %s",
            (check_display_name(display_name), language, principal),
        )
    audit(conn, "rename_account", principal, purpose=reason)


def forgive(conn: connection, principal: str, address: str | None = None) -> int:
    """Forget failed sign-ins of an account, and of an address if given; returns how many counters that were."""
    with conn.cursor() as cur:
        cur.execute("select access.forgive(%s, %s::inet)", (principal, address))
        (forgiven,) = cur.fetchone() or (0,)
    return int(forgiven)


def unlock(conn: connection, principal: str, address: str | None = None, *, reason: str) -> int:
    """Let an account sign in without a pause after failures. The caller commits.

    Raises AccountInvalid (no such account, no IP address).
    """
    account_of(conn, principal)
    try:
        address = None if address is None else str(ipaddress.ip_address(address))
    except ValueError as error:
        raise AccountInvalid(f"address {address!r}: expected an IP address") from error
    forgiven = forgive(conn, principal, address)
    audit(conn, "unlock", principal, purpose=reason)
    return forgiven


def end_sessions(conn: connection, principal: str, *, reason: str) -> int:
    """Sign a person out everywhere; returns of how many places. The caller commits. Raises AccountInvalid."""
    account_of(conn, principal)
    ended = _end_sessions(conn, principal)
    audit(conn, "end_sessions", principal, purpose=reason)
    return ended


def _end_sessions(conn: connection, principal: str) -> int:
    with conn.cursor() as cur:
        cur.execute("delete from access.device where principal = %s", (principal,))
        cur.execute("delete from access.session where principal = %s", (principal,))
        return int(cur.rowcount)


def close_account(conn: connection, principal: str, *, closed_by: str = "owner", reason: str = "closed") -> int:
    """Shut an account: its sessions, its grants and its PostgreSQL login end; its audit stays. The caller commits.

    Returns how many grants ended; closing it again changes nothing. Raises AccountInvalid for a name that has neither
    an account nor a login.
    """
    has_login = logins.exists(conn, principal)
    if not list_accounts(conn, principal) and not has_login:
        raise AccountInvalid(f"principal {principal!r}: has neither an account nor a PostgreSQL login")
    with conn.cursor() as cur:
        cur.execute(
            "update access.account set disabled_at = now() where principal = %s and disabled_at is null", (principal,)
        )
    _end_sessions(conn, principal)
    ended = revoke(conn, principal, revoked_by=closed_by, reason=reason)
    if has_login:
        logins.close_login(conn, principal, reason=reason)
    audit(conn, "close_account", principal, purpose=reason)
    return ended


def reopen_account(conn: connection, principal: str, password: str, *, reason: str) -> None:
    """Open a closed account with a password for one sign-in; grants do not come back. The caller commits.

    Raises AccountInvalid (no such account, or it is open), PasswordTooWeak.
    """
    if account_of(conn, principal).state != "closed":
        raise AccountInvalid(
            f"principal {principal!r}: its account is open. `auyl access password` sets a new password"
        )
    with conn.cursor() as cur:
        cur.execute("update access.account set disabled_at = null where principal = %s", (principal,))
    set_password(conn, principal, password, must_change_password=True, reason=reason)
    audit(conn, "reopen_account", principal, purpose=reason)
