"""The audit: who did what with whose data, when, and how it ended. Rows are only ever added."""

from datetime import datetime
from typing import Literal

from psycopg2.extensions import connection

Outcome = Literal["done", "refused", "failed"]


def audit(
    conn: connection,
    action: str,
    object_: str = "",
    outcome: Outcome = "done",
    *,
    purpose: str | None = None,
    client_address: str | None = None,
    principal: str | None = None,
) -> None:
    """Add one row to access.audit in the caller's transaction, as the owner; the portal's login may not.

    The principal is the one of the connection (access.principal()) unless named: an owner acting for somebody.
    `client_address` is an IP address or None.
    """
    with conn.cursor() as cur:
        cur.execute(
            "select access.write_audit(%s, %s, %s, %s, %s::inet, %s)",
            (action, object_, outcome, purpose, client_address, principal),
        )


def forget_audit(conn: connection, before: datetime, *, reason: str) -> int:
    """Take out rows older than `before`, never those of the last year; returns how many. The caller commits."""
    with conn.cursor() as cur:
        cur.execute("select access.forget_audit(%s)", (before,))
        (forgotten,) = cur.fetchone() or (0,)
    audit(conn, "forget_audit", f"{forgotten} rows before {before:%Y-%m-%d}", purpose=reason)
    return int(forgotten)
