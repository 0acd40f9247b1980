"""Owners of registries: which login of an office reads the quality of its own registry."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection

from auyl.access import principals
from auyl.access.audit import audit
from auyl.access.errors import AccessError
from auyl.access.logins import settle_login


@dataclass(frozen=True)
class Owner:
    """A principal that owns a registry, or did until `ended_at`."""

    principal: str
    registry: str
    given_by: str
    reason: str
    given_at: datetime
    ended_at: datetime | None


def give_registry(conn: connection, principal: str, registry: str, *, given_by: str, reason: str) -> None:
    """Let a principal read the quality of `registry`; giving it twice changes nothing. The caller commits.

    Raises AccessError (no reason), PrincipalInvalid.
    """
    principals.check(principal)
    if not reason.strip():
        raise AccessError("an ownership needs a reason: the letter that names the office's login")
    with conn.cursor() as cur:
        cur.execute(
            "insert into access.owner (principal, registry, given_by, reason) values (%s, %s, %s, %s) "
            "on conflict (principal, registry) where ended_at is null do nothing",
            (principal, registry, given_by, reason),
        )
    settle_login(conn)
    audit(conn, "give_registry", f"{principal}: {registry}", purpose=reason)


def take_registry(conn: connection, principal: str, registry: str | None = None, *, reason: str) -> int:
    """End what a principal owns, or one registry of it; returns how many ended. The caller commits.

    Raises AccessError (no reason).
    """
    if not reason.strip():
        raise AccessError("an end of ownership needs a reason: the letter that it follows from")
    with conn.cursor() as cur:
        cur.execute(
            "update access.owner set ended_at = now() "
            "where principal = %s and ended_at is null and (%s::text is null or registry = %s)",
            (principal, registry, registry),
        )
        ended = int(cur.rowcount)
    settle_login(conn)
    audit(conn, "take_registry", f"{principal}: {registry or 'all'}", purpose=reason)
    return ended


def owners(conn: connection) -> list[Owner]:
    """All ownerships ever given, oldest first."""
    with conn.cursor() as cur:
        cur.execute(
            "select principal, registry, given_by, reason, given_at, ended_at from access.owner order by owner_id"
        )
        return [Owner(*row) for row in cur.fetchall()]
