"""Signing in at the portal, and acting as the one who signed in, for one transaction."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from psycopg2.extensions import connection

from auyl.access import passwords, principals
from auyl.access.errors import SignInRefused

LIFETIME = timedelta(hours=10)


@dataclass(frozen=True)
class Session:
    """Who is signed in."""

    principal: str
    display_name: str
    language: str


@dataclass(frozen=True)
class SignedIn:
    """A new session. The token goes to the browser and nowhere else; the database keeps only its sha256."""

    token: str
    principal: str


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def sign_in(
    conn: connection,
    principal: str,
    password: str,
    *,
    client_address: str | None = None,
    lifetime: timedelta = LIFETIME,
) -> SignedIn:
    """Check a password and open a session. After five failures in a row an account is shut for 15 minutes.

    Commits by itself, twice: no transaction stays open while the slow hash is computed. Raises SignInRefused, after the
    same work whatever the cause.
    """
    name = principals.normalise(principal)[: principals.NAME_BYTES].replace("\0", "")
    with conn.cursor() as cur:
        cur.execute("select access.password_salt(%s)", (name,))
        (salt,) = cur.fetchone() or ("",)
    conn.commit()
    proof, token = passwords.proof_of(password, salt), secrets.token_urlsafe(32)
    with conn.cursor() as cur:
        cur.execute(
            "select access.sign_in(%s, %s, %s, %s, %s::inet)", (name, proof, _digest(token), lifetime, client_address)
        )
        (is_right,) = cur.fetchone() or (False,)
    conn.commit()
    if not is_right:
        raise SignInRefused
    return SignedIn(token, name)


def enter(conn: connection, token: str) -> Session | None:
    """Act as the session's principal until the end of this transaction; None when the session is not open.

    It reads no rows of others than open tables until a page is opened.
    """
    digest = _digest(token)
    with conn.cursor() as cur:
        cur.execute(
            "select s.principal, s.display_name, s.language, set_config('auyl.session', %s, true) "
            "from access.session_of(%s) s",
            (digest.hex(), digest),
        )
        row = cur.fetchone()
    return None if row is None else Session(*row[:3])


def open_page(
    conn: connection,
    token: str,
    page: str,
    subject: str,
    territory: str | None = None,
    period: str | None = None,
    client_address: str | None = None,
) -> bool:
    """Write into the audit what the session that was entered is about to read, and begin a transaction that reads it.

    Commits. False, and the refusal is in the audit, where the principal may not read `subject` there. `territory` is an
    okrug or a district, None for all that the principal has.
    """
    with conn.cursor() as cur:
        cur.execute(
            "select access.open_page(%s, %s, %s, %s, %s::inet)", (page, subject, territory, period, client_address)
        )
        (number,) = cur.fetchone() or (None,)
        conn.commit()
        if number is None:
            return False
        # All queries of a page see one snapshot, also when the next revision is published between them.
        cur.execute("set transaction isolation level repeatable read")
        cur.execute("select set_config('auyl.page', %s, true)", (str(number),))
    return enter(conn, token) is not None


def sign_out(conn: connection, token: str, *, client_address: str | None = None) -> None:
    """End the session. The caller commits."""
    with conn.cursor() as cur:
        cur.execute("select access.end_session(%s, %s::inet)", (_digest(token), client_address))
