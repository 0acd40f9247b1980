"""The one way to PostgreSQL: engine and transactions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from auyl.settings import Settings
from auyl.store.version import current_version, refuse_other

# The connection of the lock that this thread holds. Its holder writes through it, so a holder whose lock the server
# has dropped can write nothing.
_LOCK_HOLDER: ContextVar[tuple[str, Connection] | None] = ContextVar("lock_holder", default=None)


@cache
def engine(dsn: str) -> Engine:
    """The engine for `dsn`. Its first connection raises DatabaseUnusable where the tables are of another version."""
    checked = unchecked_engine(dsn)
    event.listen(checked, "first_connect", _check_version)
    return checked


def unchecked_engine(dsn: str) -> Engine:
    """An engine for a database at any version. No pool: an Airflow task is a process that ends after few statements."""
    return create_engine(
        driver_url(dsn),
        poolclass=NullPool,
        executemany_mode="values_plus_batch",
        json_serializer=partial(json.dumps, ensure_ascii=False, default=str),
    )


def _check_version(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        refuse_other(current_version(cursor))
    connection.rollback()


def driver_url(address: str) -> URL:
    """`address` with psycopg2 as driver: SQLAlchemy 2.1 takes psycopg 3 for a bare postgresql://."""
    url = make_url(address)
    return url.set(drivername="postgresql+psycopg2") if url.drivername in ("postgres", "postgresql") else url


@contextmanager
def transaction(settings: Settings) -> Iterator[Connection]:
    """A transaction on the serving database, committed at the end; on the connection of this thread's lock, if any.

    Within a transaction on that connection it is the same transaction.
    """
    holder = _LOCK_HOLDER.get()
    if holder is None or holder[0] != settings.dsn:
        with engine(settings.dsn).begin() as con:
            yield con
    elif holder[1].in_transaction():
        yield holder[1]
    else:
        with holder[1].begin():
            yield holder[1]


@contextmanager
def held_by_lock(settings: Settings, con: Connection) -> Iterator[None]:
    """Within it, `transaction` works on `con`, which holds a lock."""
    previous = _LOCK_HOLDER.set((settings.dsn, con))
    try:
        yield
    finally:
        _LOCK_HOLDER.reset(previous)


@contextmanager
def driver_transaction(settings: Settings) -> Iterator[Any]:
    """A psycopg2 cursor in a `transaction`, for COPY."""
    with transaction(settings) as con:
        yield driver_cursor(con)


@contextmanager
def driver_connection(settings: Settings) -> Iterator[Any]:
    """A psycopg2 connection of its own, for work beside that of the lock; what is not committed is rolled back."""
    connection = engine(settings.dsn).raw_connection()
    try:
        yield connection.driver_connection
    finally:
        connection.close()


@contextmanager
def autocommit(settings: Settings) -> Iterator[Connection]:
    """A connection of its own outside any transaction, for VACUUM and the like."""
    with engine(settings.dsn).connect().execution_options(isolation_level="AUTOCOMMIT") as con:
        yield con


def pooled_engine(dsn: str, **options: Any) -> Engine:
    """An engine with a pool, for a server of many requests that has a login of its own. It checks no version."""
    return create_engine(driver_url(dsn), **options)


def driver_cursor(con: Connection) -> Any:
    """The psycopg2 cursor inside the transaction of `con`."""
    return con.connection.cursor()
