"""The one way to PostgreSQL: engine and transactions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from auyl.errors import LockLost, SettingMissing
from auyl.settings import Settings
from auyl.store.version import current_version, refuse_other

# Firewalls drop a connection that is idle during a long transfer, and a dead one would look alive for hours.
KEEPALIVES = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


@dataclass(frozen=True)
class Held:
    """An advisory lock of the server, by its name."""

    name: str
    is_shared: bool = False

    @property
    def suffix(self) -> str:
        """What the server's functions for this kind of lock end in."""
        return "_shared" if self.is_shared else ""


@dataclass
class LockHolder:
    """The connection through which the holder of locks writes, and the locks that it holds."""

    connection: Connection
    held: tuple[Held, ...] = ()


PUBLISHER = "auyl_publisher"
# Of this thread, with the DSN.
_LOCK_HOLDER: ContextVar[tuple[str, LockHolder] | None] = ContextVar("lock_holder", default=None)


@cache
def engine(dsn: str) -> Engine:
    """The engine for `dsn`. Its first connection raises DatabaseUnusable where the tables are of another version."""
    checked = unchecked_engine(dsn)
    event.listen(checked, "first_connect", _check_version)
    return checked


def _program(arguments: Sequence[str]) -> str:
    """Program and command of a command line, at most 60 signs, without options and what follows them."""
    words = takewhile(lambda word: not word.startswith("-"), arguments[1:3])
    return " ".join([Path(arguments[0]).name, *words])[:60]


def unchecked_engine(dsn: str) -> Engine:
    """An engine for a database at any version. No pool: an Airflow task is a process that ends after few statements."""
    try:
        url = driver_url(dsn)
    except ArgumentError:
        raise SettingMissing("AUYL_DSN", "an address such as postgresql://user:password@host:5432/auyl") from None
    return create_engine(
        url,
        poolclass=NullPool,
        executemany_mode="values_plus_batch",
        hide_parameters=True,  # an error would quote a row
        # An error of whoever waits for this process names it, and every login sees it.
        connect_args={**KEEPALIVES, "application_name": _program(sys.argv)},
        json_serializer=partial(json.dumps, ensure_ascii=False, default=str),
    )


def _check_version(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        # An engineer's login reads some tables, and nothing of versions.
        cursor.execute("select has_schema_privilege(to_regnamespace('migration')::oid, 'usage')")
        if cursor.fetchone() != (False,):
            refuse_other(current_version(cursor))
    connection.rollback()


def driver_url(address: str) -> URL:
    """`address` with psycopg2 as driver: SQLAlchemy 2.1 takes psycopg 3 for a bare postgresql://.

    Raises ArgumentError, whose text has the address.
    """
    url = make_url(address)
    return url.set(drivername="postgresql+psycopg2") if url.drivername in ("postgres", "postgresql") else url


@contextmanager
def transaction(settings: Settings) -> Iterator[Connection]:
    """A transaction on the serving database, committed at the end; on the connection of this thread's locks, if any.

    Within a transaction on that connection it is the same transaction. Raises LockLost when the server holds one of the
    locks no longer.
    """
    holder = lock_holder(settings)
    if holder is None:
        with engine(settings.dsn).begin() as con:
            yield con
    elif holder.connection.in_transaction():
        yield holder.connection
    else:
        if holder.held and (holder.connection.closed or holder.connection.invalidated):
            raise LockLost(holder.held[-1].name)
        with holder.connection.begin():
            _check_held(holder)
            yield holder.connection


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A `transaction` for questions, which need no lock: whoever writes because of an answer is asked for it then.

    Raises LockLost when the connection of the locks has broken off.
    """
    holder = lock_holder(settings)
    if holder is None or holder.connection.in_transaction():
        with transaction(settings) as con:
            yield con
        return
    lost = LockLost(holder.held[-1].name) if holder.held else None
    if lost and (holder.connection.closed or holder.connection.invalidated):
        raise lost
    try:
        with holder.connection.begin():
            yield holder.connection
    except DBAPIError as error:
        if lost and error.connection_invalidated:
            raise lost from error
        raise


def confirm_locks(settings: Settings) -> None:
    """Ask whether this thread's locks are still held, before another connection commits. Raises LockLost."""
    with transaction(settings):
        pass


def lock_holder(settings: Settings) -> LockHolder | None:
    """The connection of the locks that this thread holds."""
    holder = _LOCK_HOLDER.get()
    return holder[1] if holder is not None and holder[0] == settings.dsn else None


def _check_held(holder: LockHolder) -> None:
    """Ask the server whether this very session holds the locks. Raises LockLost.

    A pooler in transaction mode gives each transaction another session of the server.
    """
    if not holder.held:
        return
    names = [held.name for held in holder.held]
    try:
        count = holder.connection.execute(_HELD, {"names": names}).scalar()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise LockLost(names[-1]) from error
        raise
    if count != len(set(names)):
        raise LockLost(names[-1])


# The two halves of the lock's key are shown as oids, which are unsigned.
_HELD = text(
    "select count(distinct name) from unnest(cast(:names as text[])) as name inner join pg_locks as l "
    "on l.classid::bigint = (hashtext(name)::bigint >> 32) & 4294967295 "
    "and l.objid::bigint = hashtext(name)::bigint & 4294967295 and l.objsubid = 1 "
    "where l.locktype = 'advisory' and l.granted and l.pid = pg_backend_pid() "
    "and l.database = (select oid from pg_database where datname = current_database())"
)


@contextmanager
def held_by_lock(settings: Settings, holder: LockHolder) -> Iterator[LockHolder]:
    """Within it, `transaction` works on the connection of `holder`."""
    previous = _LOCK_HOLDER.set((settings.dsn, holder))
    try:
        yield holder
    finally:
        _LOCK_HOLDER.reset(previous)


@contextmanager
def one_connection(settings: Settings) -> Iterator[None]:
    """Within it, the locks and transactions of this thread share a connection: opening one costs more than a question.

    Nothing is written after the server has dropped it.
    """
    with engine(settings.dsn).connect() as con, held_by_lock(settings, LockHolder(con)):
        yield


@contextmanager
def driver_transaction(settings: Settings) -> Iterator[Any]:
    """A psycopg2 cursor in a `transaction`, for COPY."""
    with transaction(settings) as con:
        yield driver_cursor(con)


@contextmanager
def publishing(settings: Settings) -> Iterator[Connection]:
    """A `transaction` that may write serving and vault, which the pipeline's login itself only reads."""
    with transaction(settings) as con:
        con.exec_driver_sql(f"set local role {PUBLISHER}")
        yield con
        con.exec_driver_sql("reset role")


@contextmanager
def publishing_connection(settings: Settings) -> Iterator[Any]:
    """A `driver_connection` that may write serving and vault."""
    with driver_connection(settings) as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"set role {PUBLISHER}")
        connection.commit()
        yield connection


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
