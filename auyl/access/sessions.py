"""Signing in at the portal, and acting as the one who signed in, for one transaction."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg2.extensions import connection

from auyl.access import logins, passwords, principals
from auyl.access.errors import SignInRefused, SignInSlowed

LIFETIME = timedelta(hours=10)
IDLE = timedelta(minutes=15)


@dataclass(frozen=True)
class Session:
    """Who is signed in. With `must_change_password` no page opens before the person has set a password."""

    principal: str
    display_name: str
    language: str
    must_change_password: bool = False


@dataclass(frozen=True)
class SignedIn:
    """A new session. Its token and the browser's go to the browser only; the database has their sha256."""

    token: str
    principal: str
    device: str


@dataclass(frozen=True)
class Attempt:
    """An announced sign-in: what its password is hashed with, and how long it has to wait."""

    number: str
    principal: str
    salt: str
    wait_s: float


@dataclass(frozen=True)
class OpenSession:
    """A place where a person is signed in."""

    device: str
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def begin_sign_in(
    conn: connection, principal: str, *, device: str | None = None, client_address: str | None = None
) -> Attempt:
    """Announce an attempt, which counts from now on. Commits.

    `device` is the token that a browser got at an earlier sign-in. Raises SignInSlowed where this place has failed too
    often: the attempt has not counted.
    """
    name = principals.normalise(principal)[: principals.NAME_BYTES].replace("\0", "")
    with conn.cursor() as cur:
        cur.execute(
            "select attempt::text, salt, wait_s from access.begin_sign_in(%s, %s, %s::inet)",
            (name, _digest(device) if device else None, client_address),
        )
        number, salt, wait_s = cur.fetchone() or (None, "", 0)
    conn.commit()
    if number is None:
        raise SignInSlowed(wait_s)
    return Attempt(number, name, salt, wait_s)


def finish_sign_in(
    conn: connection,
    attempt: Attempt,
    password: str,
    *,
    device: str | None = None,
    device_words: str = "",
    lifetime: timedelta = LIFETIME,
    idle: timedelta = IDLE,
) -> SignedIn:
    """Check the password and open a session that ends after `lifetime`, or `idle` after its last page. Commits.

    `attempt.wait_s` must have passed. Raises SignInRefused, after the same work whatever the cause.
    """
    token, device = secrets.token_urlsafe(32), device or secrets.token_urlsafe(32)
    proof = passwords.proof_of(password, attempt.salt)
    with conn.cursor() as cur:
        cur.execute(
            "select access.sign_in(%s::uuid, %s, %s, %s, %s, %s, %s)",
            (attempt.number, proof, _digest(token), lifetime, idle, _digest(device), device_words),
        )
        (is_right,) = cur.fetchone() or (False,)
    conn.commit()
    if not is_right:
        raise SignInRefused
    return SignedIn(token, attempt.principal, device)


def sign_in(
    conn: connection,
    principal: str,
    password: str,
    *,
    device: str | None = None,
    client_address: str | None = None,
    lifetime: timedelta = LIFETIME,
    idle: timedelta = IDLE,
) -> SignedIn:
    """Announce an attempt, wait as long as it has to, and check the password. Commits.

    Raises SignInSlowed, SignInRefused.
    """
    attempt = begin_sign_in(conn, principal, device=device, client_address=client_address)
    time.sleep(attempt.wait_s)
    return finish_sign_in(conn, attempt, password, device=device, lifetime=lifetime, idle=idle)


def change_password(conn: connection, attempt: Attempt, password: str, new_password: str, *, display_name: str) -> None:
    """Set a new password for the person of the entered session, whose other sessions end. The caller commits.

    It is that of their PostgreSQL login too, where they have one.

    `attempt` is announced for that person, and has waited. Raises PasswordTooWeak, SignInRefused (wrong old password).
    """
    salt, verifier = passwords.verifier_of(new_password, attempt.principal, display_name)
    with conn.cursor() as cur:
        cur.execute(
            "select access.change_password(%s::uuid, %s, %s, %s)",
            (attempt.number, passwords.proof_of(password, attempt.salt), salt, verifier),
        )
        (is_right,) = cur.fetchone() or (False,)
        if not is_right:
            raise SignInRefused
        cur.execute("select access.set_own_login(%s)", (logins.verifier(conn, attempt.principal, new_password),))


def enter(conn: connection, token: str) -> Session | None:
    """Act as the session's principal until the end of this transaction; None when the session is not open.

    The session counts as used. It reads no rows of others than open tables until a page is opened.
    """
    digest = _digest(token)
    with conn.cursor() as cur:
        cur.execute(
            "select s.principal, s.display_name, s.language, s.must_change_password, "
            "set_config('auyl.session', %s, true) from access.enter_session(%s) s",
            (digest.hex(), digest),
        )
        row = cur.fetchone()
    return None if row is None else Session(*row[:4])


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


def own_sessions(conn: connection) -> list[OpenSession]:
    """Where the person of the entered session is signed in, the last used first."""
    with conn.cursor() as cur:
        cur.execute("select device, created_at, last_seen_at, is_this from access.own_sessions()")
        return [OpenSession(*row) for row in cur.fetchall()]


def sign_out(conn: connection, token: str, *, client_address: str | None = None) -> None:
    """End the session. The caller commits."""
    with conn.cursor() as cur:
        cur.execute("select access.end_session(%s, %s::inet)", (_digest(token), client_address))


def sign_out_everywhere(conn: connection, *, client_address: str | None = None) -> None:
    """End all sessions of the person of the entered session, and forget their browsers. The caller commits."""
    with conn.cursor() as cur:
        cur.execute("select access.end_own_sessions(%s::inet)", (client_address,))


def refuse_request(conn: connection, what: str, *, client_address: str | None = None) -> None:
    """Write down a request that cannot be meant, by the person of the entered session if any. The caller commits."""
    with conn.cursor() as cur:
        cur.execute("select access.refuse_request(%s, %s::inet)", (what, client_address))
