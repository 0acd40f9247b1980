"""Locks in PostgreSQL: the server drops them when their holder dies. Every kind of lock and its name are here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Connection, text

from auyl.settings import Settings
from auyl.store.hash_key import check_hash_key
from auyl.store.postgres import engine, held_by_lock

# Whether this thread shares the lock that a rotation of the hash key waits for. A second request, queued behind a
# waiting rotation, would deadlock.
_SHARES: ContextVar[bool] = ContextVar("shares", default=False)


@dataclass(frozen=True)
class LockKind:
    """Work that must not run twice at once. `is_keyed` work makes or reads person keys."""

    name: str
    is_keyed: bool = True


PULL = LockKind("pull", is_keyed=False)
LAND = LockKind("land", is_keyed=False)
LOAD = LockKind("load")
LINK = LockKind("link")
DECIDE = LockKind("decide")
ENTITIES = LockKind("entities")
CONTRADICTIONS = LockKind("contradictions")
BUILD = LockKind("build")
DAILY_REPORT = LockKind("daily_report", is_keyed=False)
MIGRATE = LockKind("migrate", is_keyed=False)
# Shared by all keyed work, exclusive for a rotation.
KEYED = LockKind("keyed", is_keyed=False)


def lock_name(kind: LockKind, *scope: str) -> str:
    """The server's name of a lock of this installation; `scope` is, for example, registry and period."""
    return ".".join(("auyl", kind.name, *scope))


@contextmanager
def lock(settings: Settings, kind: LockKind, *scope: str) -> Iterator[None]:
    """Hold a lock against every other process.

    The holder writes to the ledger through the connection of the lock: if the server has dropped it, and with it the
    lock, nothing more is written.

    Keyed work runs only under the current hash key, and never during its rotation. Raises HashKeyRefused.
    """
    shares = kind.is_keyed and not _SHARES.get()
    name = {"name": lock_name(kind, *scope)}
    with engine(settings.dsn).connect() as con:
        with con.begin():
            if shares:
                con.execute(text("select pg_advisory_lock_shared(hashtext(:name))"), {"name": lock_name(KEYED)})
            con.execute(text("select pg_advisory_lock(hashtext(:name))"), name)
        shared = _SHARES.set(shares or _SHARES.get())
        try:
            with held_by_lock(settings, con):
                if kind.is_keyed:
                    check_hash_key(settings)
                yield
        finally:
            _SHARES.reset(shared)
            with con.begin():
                con.execute(text("select pg_advisory_unlock(hashtext(:name))"), name)
                if shares:
                    con.execute(text("select pg_advisory_unlock_shared(hashtext(:name))"), {"name": lock_name(KEYED)})


@contextmanager
def exclusive(settings: Settings) -> Iterator[Connection]:
    """Wait until no keyed work runs and keep it out; yields the connection that holds the lock."""
    with engine(settings.dsn).connect() as con:
        with con.begin():
            con.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": lock_name(KEYED)})
        shared = _SHARES.set(True)
        try:
            with held_by_lock(settings, con):
                yield con
        finally:
            _SHARES.reset(shared)
            with con.begin():
                con.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": lock_name(KEYED)})
