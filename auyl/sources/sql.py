"""A source database, read by SQLAlchemy: any address that it takes. Options: `SqlOptions`, see docs/sources.md."""

from __future__ import annotations

import csv
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, text
from sqlalchemy.exc import NoSuchTableError, SAWarning, SQLAlchemyError

from auyl.contracts import Contract, missing_column
from auyl.contracts.options import SqlOptions
from auyl.errors import SourceUnavailable
from auyl.sources import Pulled, PullHistory
from auyl.sources.backoff import AttemptFailed, Backoff
from auyl.sources.sql_query import TableQuery
from auyl.store.postgres import driver_url

if TYPE_CHECKING:
    import sqlite3

ROWS_AT_ONCE = 20_000
# Arguments of these drivers, so that neither connecting nor a line that is gone takes long; for another driver the
# query of its address says it.
_LIBPQ = {"connect_timeout": 20, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
CONNECT_ARGUMENTS: dict[str, dict[str, int]] = {
    "psycopg2": _LIBPQ,
    "psycopg": _LIBPQ,
    "pysqlite": {"timeout": 20},
    "pymysql": {"connect_timeout": 20, "read_timeout": 900},
    "mysqldb": {"connect_timeout": 20, "read_timeout": 900},
    "pymssql": {"login_timeout": 20, "timeout": 900},
    "pyodbc": {"timeout": 20},
    "oracledb": {"tcp_connect_timeout": 20},
}


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """Rows of `period` as CSV in the order of their change: all, or of a registry of changes those since the watermark.

    Read in one read-only, repeatable-read transaction (PostgreSQL; SQLite's own), from the start again when the line
    breaks. Changes are read from `overlapMinutes` before the watermark, since a row may carry an earlier time than one
    that was committed before it; of rows read twice the newest by key counts. Rows whose watermark column says nothing
    are always read, and the watermark never passes the source's own clock.

    Raises SourceUnavailable when the database does not answer whole in ATTEMPTS, ExtractRefused when its table is not
    what the contract says, ConnectionUnusable for a login that is refused.
    """
    return _SqlPull(contract, period, address, history).pull(work)


class _SqlPull:
    """One pull, over as many connections as it takes."""

    def __init__(self, contract: Contract, period: str, address: str, history: PullHistory) -> None:
        self.contract = contract
        self.options = contract.options(SqlOptions)
        self.period = period
        watermark = history.watermark if contract.is_delta else None
        # Another way in leaves JSON.
        self.watermark = None if watermark is None or watermark.startswith("{") else watermark
        self.newest = self.watermark
        self.is_whole = True
        self.extracted_at: datetime | None = None
        self.rows = 0
        self.breaks = 0
        self.backoff = Backoff("the source database did not answer whole", contract.broke_off)
        self.ends_at = time.monotonic() + self.options.pull_timeout_seconds
        self.engine = self._engine(address)

    def pull(self, work: Path) -> Pulled:
        target = work / f"{self.contract.registry}_{self.period}.csv"
        try:
            while True:
                try:
                    with self._connection() as con, target.open("w", encoding="utf-8", newline="") as stream:
                        self._read(con, stream)
                    break
                except SQLAlchemyError as error:
                    self._wait(error)
        except (ValueError, ArithmeticError, LookupError) as error:
            # A driver's own, for a value that Python has no type for.
            expected, found = "a table whose values can be read", f"one that its driver cannot ({type(error).__name__})"
            raise self.contract.refusal("source database", expected, found) from None
        finally:
            self.engine.dispose()
        name = ".".join(filter(None, (self.options.table_schema, self.options.table)))
        source = f"{self.engine.dialect.name} table {name}"
        evidence = {"rows": self.rows, "since": None if self.is_whole else self.watermark, "broken_off": self.breaks}
        if self.rows == 0 and not self.is_whole:
            return Pulled([], source, watermark=self.newest, is_unchanged=True)
        is_whole = self.is_whole and self.contract.is_delta
        return Pulled([target], source, self.extracted_at, self.newest, evidence=evidence, is_whole=is_whole)

    def _engine(self, address: str) -> Engine:
        try:
            url = driver_url(address)
            arguments = CONNECT_ARGUMENTS.get(url.get_dialect().driver, {})
            # Never more than one connection; a dead one is noticed before it is used.
            return create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=arguments)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            expected = "an address of a database whose driver is installed"
            raise self.contract.connection_unusable(expected, type(error).__name__) from None

    # -- one connection ------------------------------------------------------------------------------------------

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection that can change nothing and works on one answer `statementTimeoutSeconds` at most."""
        seconds = self.options.statement_timeout_seconds
        with self.engine.connect() as con:
            if con.dialect.name == "postgresql":
                con.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                con.execute(text(f"set local statement_timeout = {int(seconds * 1000)}"))
                yield con
            elif con.dialect.name == "sqlite":
                raw = cast("sqlite3.Connection", con.connection.dbapi_connection)
                con.exec_driver_sql("pragma query_only = on")
                ends = time.monotonic() + seconds
                raw.set_progress_handler(lambda: int(time.monotonic() > ends), 100_000)
                yield con
                raw.set_progress_handler(None, 0)
            else:
                yield con

    def _read(self, con: Connection, stream: IO[str]) -> None:
        query = TableQuery(self.contract, self._table(con), con.dialect.name, self.period)
        self.extracted_at, clock = query.clocks(con)
        since = query.since(self.watermark, clock)
        self.is_whole = since is None
        if self.contract.is_delta:
            newest = query.newest_mark(con, clock)
            if newest is not None:
                self.newest = newest.isoformat() if isinstance(newest, datetime) else str(newest)
        self.rows = 0
        with con.execute(query.rows(since).execution_options(stream_results=True)) as result:
            writer = csv.writer(stream)
            writer.writerow(result.keys())
            for rows in result.partitions(ROWS_AT_ONCE):
                writer.writerows(rows)
                self.rows += len(rows)
                if time.monotonic() > self.ends_at:
                    raise self._too_long()

    def _table(self, con: Connection) -> Table:
        options = self.options
        try:
            with warnings.catch_warnings(action="ignore", category=SAWarning):  # a type that SQLAlchemy does not know
                table = Table(options.table, MetaData(), schema=options.table_schema, autoload_with=con)
        except NoSuchTableError as error:
            raise self.contract.refusal("source database", f"a table {options.table}", "none") from error
        existing = set(table.columns.keys())
        for column in self.contract.columns:
            if column.required and column.source not in existing:
                spare = sorted(existing - {c.source for c in self.contract.columns})
                raise missing_column(self.contract, column, spare, f"table {options.table}", None)
        for option, column_name in (("watermark", options.watermark), ("periodColumn", options.period_column)):
            if column_name not in existing:
                raise self.contract.refusal(
                    "source database", f"a column {column_name}, which the contract names as {option}", "none"
                )
        return table

    def _too_long(self) -> SourceUnavailable:
        limit = f"{self.options.pull_timeout_seconds:g} s"
        return self.contract.unavailable(
            f"a whole extract within {limit}",
            f"the pull has taken longer than {limit}; nothing was landed",
            f"{self.contract.owner}, or pullTimeoutSeconds in the contract",
        )

    def _wait(self, error: SQLAlchemyError) -> None:
        """Wait before the next attempt. Raises SourceUnavailable after the last, ConnectionUnusable for the login."""
        # The text of a driver's error may hold the address; its class is enough for the log.
        cause = getattr(error, "orig", None) or error
        code = str(getattr(cause, "pgcode", None) or "")
        # SQLSTATE class 28 is invalid authorization, 42501 insufficient privilege; at connecting psycopg2 gives none.
        if code.startswith("28") or code == "42501" or "authentication failed" in str(cause):
            found = f"it is refused, SQLSTATE {code or '28P01'}"
            raise self.contract.connection_unusable("a login that may read the table", found) from None
        if time.monotonic() > self.ends_at:
            raise self._too_long() from None
        wait_s = self.backoff.next_wait_s(AttemptFailed(f"the line broke ({type(cause).__name__})"))
        self.breaks += 1
        time.sleep(wait_s)
