"""Locks in PostgreSQL: the server drops them when their holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, text

from auyl.settings import Settings
from auyl.store.hash_key import check_hash_key
from auyl.store.postgres import engine, held_by_lock

# Whether this thread shares the lock that a rotation of the hash key waits for. Asking for it a second time, behind a
# rotation that waits, would be a deadlock.
_SHARES: ContextVar[bool] = ContextVar("shares", default=False)
_KEYED = "auyl.keyed"


def lock_name(name: str) -> str:
    """The server's name of the lock `name` of this installation."""
    return f"auyl.{name}"


@contextmanager
def lock(settings: Settings, name: str, *, keyed: bool = True) -> Iterator[None]:
    """Hold the lock `name` against every other process.

    The holder writes to the ledger through the connection of the lock: if the server has dropped it, and with it the
    lock, nothing more is written.

    `keyed` work makes or reads person keys: it runs under the current hash key alone, and never during its rotation.
    Raises HashKeyRefused.
    """
    shares = keyed and not _SHARES.get()
    with engine(settings.dsn).connect() as con:
        with con.begin():
            if shares:
                con.execute(text("select pg_advisory_lock_shared(hashtext(:name))"), {"name": _KEYED})
            con.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": lock_name(name)})
        shared = _SHARES.set(shares or _SHARES.get())
        try:
            with held_by_lock(settings, con):
                if keyed:
                    check_hash_key(settings)
                yield
        finally:
            _SHARES.reset(shared)
            with con.begin():
                con.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": lock_name(name)})
                if shares:
                    con.execute(text("select pg_advisory_unlock_shared(hashtext(:name))"), {"name": _KEYED})


@contextmanager
def exclusive(settings: Settings) -> Iterator[Connection]:
    """Wait until no keyed work runs and let none begin; yields the connection that holds the lock."""
    with engine(settings.dsn).connect() as con:
        with con.begin():
            con.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": _KEYED})
        shared = _SHARES.set(True)
        try:
            with held_by_lock(settings, con):
                yield con
        finally:
            _SHARES.reset(shared)
            with con.begin():
                con.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": _KEYED})
