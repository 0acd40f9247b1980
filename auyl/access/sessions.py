"""Signing in at the portal, and acting as the one who signed in, for one transaction."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from psycopg2.extensions import connection

from auyl.access import passwords, principals
from auyl.access.audit import audit
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

    Commits by itself, twice: the attempt has to count before the slow hash is computed, and no row may stay locked
    meanwhile. Raises SignInRefused, after the same work whatever the cause.
    """
    name = principals.normalise(principal)[: principals.NAME_BYTES].replace("\0", "")
    with conn.cursor() as cur:
        cur.execute("select access.begin_sign_in(%s)", (name,))
        (password_hash,) = cur.fetchone() or (None,)
    conn.commit()
    if not passwords.matches(password_hash, password):
        audit(conn, "sign_in", "", "refused", client_address=client_address, principal=name)
        conn.commit()
        raise SignInRefused
    token = secrets.token_urlsafe(32)
    with conn.cursor() as cur:
        cur.execute(
            "select access.finish_sign_in(%s, %s, %s, %s::inet)", (name, _digest(token), lifetime, client_address)
        )
    conn.commit()
    return SignedIn(token, name)


def enter(conn: connection, token: str) -> Session | None:
    """Act as the session's principal until the end of this transaction; None when the session is not open.

    Only the login auyl_portal gets other people's rights by it.
    """
    with conn.cursor() as cur:
        cur.execute(
            "select s.principal, s.display_name, s.language, set_config('auyl.principal', s.principal, true) "
            "from access.session_of(%s) s",
            (_digest(token),),
        )
        row = cur.fetchone()
    return None if row is None else Session(*row[:3])


def sign_out(conn: connection, token: str, *, client_address: str | None = None) -> None:
    """End the session. The caller commits."""
    with conn.cursor() as cur:
        cur.execute("select access.end_session(%s, %s::inet)", (_digest(token), client_address))
