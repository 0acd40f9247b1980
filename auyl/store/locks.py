"""Locks in PostgreSQL: the server drops them when their holder dies. Every kind of lock and its name are here.

They are advisory locks, whose functions readers may not call (include/sql/server/closed.sql).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from auyl.errors import LockBusy
from auyl.settings import Settings
from auyl.store.hash_key import check_hash_key
from auyl.store.postgres import Held, LockHolder, engine, held_by_lock, lock_holder, transaction

# Whether this thread shares the lock that a rotation of the hash key waits for. A second request, queued behind a
# waiting rotation, would deadlock.
_SHARES: ContextVar[bool] = ContextVar("shares", default=False)


# Longer than the longest build: who waits longer waits for a process that hangs.
LONGEST_WAIT_S = 3 * 3600.0
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True)
class LockKind:
    """Work that must not run twice at once. `is_keyed` work makes or reads person keys; work that `moves_keys` needs
    no key, and must not run beside a rotation either.
    """

    name: str
    is_keyed: bool = True
    moves_keys: bool = False


PULL = LockKind("pull", is_keyed=False)
LAND = LockKind("land", is_keyed=False)
LOAD = LockKind("load")
# A delivery is not erased while it is loaded.
ERASE = LockKind("load", is_keyed=False, moves_keys=True)
LINK = LockKind("link")
DECIDE = LockKind("decide")
ENTITIES = LockKind("entities")
CONTRADICTIONS = LockKind("contradictions")
BUILD = LockKind("build")
# The persons of the vault are those of one period, whichever builds of other periods run.
VAULT = LockKind("vault", is_keyed=False)
DAILY_REPORT = LockKind("daily_report", is_keyed=False)
LAKE = LockKind("lake", is_keyed=False)
# Shared by all keyed work, exclusive for a rotation.
KEYED = LockKind("keyed", is_keyed=False)


def lock_name(kind: LockKind, *scope: str) -> str:
    """The server's name of a lock of this installation; `scope` is, for example, registry and period."""
    return ".".join(("auyl", kind.name, *scope))


@contextmanager
def lock(settings: Settings, kind: LockKind, *scope: str) -> Iterator[None]:
    """Hold a lock against every other process.

    The holder writes to the ledger through the connection of the lock, and each of its transactions that may write
    begins by asking whether the server still holds the lock. A lock within another one is held by the same connection.

    Keyed work runs only under the current hash key, and never during its rotation. Raises HashKeyRefused, and LockLost
    when the server has dropped the lock meanwhile.
    """
    shares = (kind.is_keyed or kind.moves_keys) and not _SHARES.get()
    names = [Held(lock_name(KEYED), is_shared=True)] if shares else []
    names.append(Held(lock_name(kind, *scope)))
    with _held(settings, *names):
        shared = _SHARES.set(shares or _SHARES.get())
        try:
            if kind.is_keyed:
                check_hash_key(settings)
            yield
        finally:
            _SHARES.reset(shared)


@contextmanager
def exclusive(settings: Settings) -> Iterator[Connection]:
    """Wait until no keyed work runs and keep it out; yields the connection that holds the lock."""
    with _held(settings, Held(lock_name(KEYED))) as con:
        shared = _SHARES.set(True)
        try:
            yield con
        finally:
            _SHARES.reset(shared)


@contextmanager
def _held(settings: Settings, *names: Held) -> Iterator[Connection]:
    """Take locks of the server one after another, and give them back at the end."""
    outer = lock_holder(settings)
    held = outer.held if outer else ()
    with (
        nullcontext(outer.connection) if outer else engine(settings.dsn).connect() as con,
        held_by_lock(settings, LockHolder(con, held)) as holder,
    ):
        with transaction(settings):
            for name in names:
                _take(con, name)
            holder.held = (*held, *names)
        try:
            yield con
        finally:
            if not con.closed and not con.invalidated:
                _give_back(con, names)


def _take(con: Connection, wanted: Held) -> None:
    """Wait for a lock. Raises LockBusy, naming its holder, after LONGEST_WAIT_S."""
    # Nobody holds nearly all of them, nor waits for them.
    if con.execute(
        text(f"select pg_try_advisory_lock{wanted.suffix}(hashtext(:name))"), {"name": wanted.name}
    ).scalar():
        return
    con.execute(text("savepoint waiting"))
    con.execute(text("select set_config('lock_timeout', :ms, true)"), {"ms": f"{LONGEST_WAIT_S * 1000:.0f}"})
    try:
        con.execute(text(f"select pg_advisory_lock{wanted.suffix}(hashtext(:name))"), {"name": wanted.name})
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        con.execute(text("rollback to savepoint waiting"))
        holders = [
            f"{row.usename} ({row.application_name or 'no name'}, process {row.pid}"
            + (f", since {row.backend_start:%Y-%m-%d %H:%M})" if row.backend_start else ")")
            for row in con.execute(_HOLDERS, {"name": wanted.name})
        ]
        raise LockBusy(wanted.name, LONGEST_WAIT_S, ", ".join(holders) or "nobody any more") from error
    con.execute(text("select set_config('lock_timeout', '0', true)"))


_HOLDERS = text(
    "select a.usename, a.application_name, a.pid, a.backend_start from pg_locks as l "
    "inner join pg_stat_activity as a using (pid) "
    "where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and a.pid <> pg_backend_pid() "
    "and l.classid::bigint = (hashtext(:name)::bigint >> 32) & 4294967295 "
    "and l.objid::bigint = hashtext(:name)::bigint & 4294967295 "
    "and l.database = (select oid from pg_database where datname = current_database())"
)


def _give_back(con: Connection, names: tuple[Held, ...]) -> None:
    try:
        with nullcontext() if con.in_transaction() else con.begin():
            for held in reversed(names):
                con.execute(text(f"select pg_advisory_unlock{held.suffix}(hashtext(:name))"), {"name": held.name})
    except DBAPIError as error:
        # The server drops the locks of a connection that breaks off.
        if not error.connection_invalidated:
            raise
