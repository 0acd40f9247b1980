"""Accounts of the portal. An account by itself opens nothing: grants do."""

from typing import Literal

from psycopg2.extensions import connection

from auyl.access import passwords, principals
from auyl.access.audit import audit
from auyl.access.errors import PrincipalInvalid

Language = Literal["kk", "ru", "en"]


def create_account(
    conn: connection, principal: str, password: str, *, display_name: str, language: Language = "kk"
) -> None:
    """An account that can sign in at the portal. The caller commits.

    Raises PrincipalInvalid (also when it exists: `set_password` changes it), PasswordTooWeak.
    """
    principals.check(principal)
    with conn.cursor() as cur:
        cur.execute(
            "insert into access.account (principal, password_salt, verifier, display_name, language) "
            "values (%s, %s, %s, %s, %s) on conflict (principal) do nothing",
            (principal, *passwords.verifier_of(password), display_name, language),
        )
        if cur.rowcount == 0:
            raise PrincipalInvalid(f"principal {principal!r}: has an account already")
    audit(conn, "create_account", principal)


def set_password(conn: connection, principal: str, password: str) -> None:
    """A new password; open sessions end, a lock is lifted, a closed account opens. The caller commits.

    Raises PrincipalInvalid (no such account), PasswordTooWeak.
    """
    with conn.cursor() as cur:
        cur.execute(
            "update access.account set password_salt = %s, verifier = %s, failed_sign_ins = 0, locked_until = null, "
            "disabled_at = null where principal = %s",
            (*passwords.verifier_of(password), principal),
        )
        if cur.rowcount == 0:
            raise PrincipalInvalid(f"principal {principal!r}: has no account")
        cur.execute("delete from access.session where principal = %s", (principal,))
    audit(conn, "set_password", principal)


def close_account(conn: connection, principal: str) -> None:
    """Shut an account and end its sessions; its audit stays. The caller commits."""
    with conn.cursor() as cur:
        cur.execute("update access.account set disabled_at = now() where principal = %s", (principal,))
        cur.execute("delete from access.session where principal = %s", (principal,))
    audit(conn, "close_account", principal)
