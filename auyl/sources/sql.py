"""A source database, read by SQLAlchemy: any address that it takes. Options: `SqlOptions`, see docs/sources.md."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Select,
    Table,
    create_engine,
    func,
    select,
    text,
    tuple_,
    type_coerce,
    types,
)
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from auyl.contracts import Contract, missing_column
from auyl.contracts.options import SqlOptions
from auyl.periods import LOCAL
from auyl.sources import Pulled, PullHistory
from auyl.sources.backoff import AttemptFailed, Backoff
from auyl.store.postgres import driver_url

if TYPE_CHECKING:
    import sqlite3

ROWS_AT_ONCE = 20_000
CONNECT_S = 20
# The connect timeout of these drivers; for another driver the query of its address sets it.
CONNECT_ARGUMENT = {"psycopg2": "connect_timeout", "psycopg": "connect_timeout", "sqlite3": "timeout"}


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """Rows of `period` that changed since the watermark, as CSV in the order of their change.

    Read in one read-only, repeatable-read transaction (PostgreSQL; SQLite's own). Reading starts `overlapMinutes`
    before the watermark, since a row may carry an earlier time than one that was committed before it; of rows read
    twice the newest by key counts. When the line breaks, a registry of changes is resumed after the last row, if its
    table has a primary key; any other is read again from the start, to be of one moment.

    Raises SourceUnavailable when the database does not answer or breaks off ATTEMPTS times without a row,
    ExtractRefused when its table is not what the contract says, ConnectionUnusable for a login that is refused.
    """
    return _SqlPull(contract, period, address, history).pull(work)


class _SqlPull:
    """One pull, over as many connections as it takes."""

    def __init__(self, contract: Contract, period: str, address: str, history: PullHistory) -> None:
        self.contract = contract
        self.options = contract.options(SqlOptions)
        self.begins = date.fromisoformat(f"{period}-01")
        self.ends = (self.begins + timedelta(days=31)).replace(day=1)
        self.period = period
        watermark = history.watermark if contract.is_delta else None
        # Another way in leaves JSON.
        self.since = None if watermark is None or watermark.startswith("{") else watermark
        self.newest = self.since
        self.last: tuple[Any, ...] | None = None
        self.extracted_at: datetime | None = None
        self.rows = 0
        self.breaks = 0
        self.backoff = Backoff(f"{contract.registry}: the source database did not answer whole")
        self.engine = self._engine(address)

    def pull(self, work: Path) -> Pulled:
        target = work / f"{self.contract.registry}_{self.period}.csv"
        try:
            with target.open("w", encoding="utf-8", newline="") as stream:
                while True:
                    rows_before = self.rows
                    try:
                        with self._connection() as con:
                            self._read(con, stream)
                        break
                    except SQLAlchemyError as error:
                        if self.rows > rows_before:
                            self.backoff.reset()
                        self._wait(error)
                        if self.last is None:
                            stream.truncate(0)
                            stream.seek(0)
                            self.rows = 0
        finally:
            self.engine.dispose()
        name = ".".join(filter(None, (self.options.table_schema, self.options.table)))
        source = f"{self.engine.dialect.name} table {name}"
        evidence = {"rows": self.rows, "since": self.since, "broken_off": self.breaks}
        if self.rows == 0 and self.since is not None:
            return Pulled([], source, watermark=self.newest, is_unchanged=True)
        return Pulled([target], source, self.extracted_at, self.newest, evidence=evidence)

    def _engine(self, address: str) -> Engine:
        try:
            url = driver_url(address)
            arguments = {}
            driver = url.get_dialect()().driver if "+" not in url.drivername else url.drivername.partition("+")[2]
            if argument := CONNECT_ARGUMENT.get({"pysqlite": "sqlite3"}.get(driver, driver)):
                arguments[argument] = CONNECT_S
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
        table = self._table(con)
        now = con.execute(select(func.current_timestamp())).scalar_one()
        if self.last is None or self.extracted_at is None:
            self.extracted_at = self._stated(now, con)
        query, mark, keys = self._query(table)
        with con.execute(query) as result:
            writer = csv.writer(stream)
            headings = list(result.keys())
            if self.rows == 0 and stream.tell() == 0:
                writer.writerow(headings)
            places = [headings.index(column.name) for column in (mark, *keys)]
            for rows in result.partitions(ROWS_AT_ONCE):
                writer.writerows(rows)
                self.rows += len(rows)
                last = tuple(rows[-1][at] for at in places)
                if last[0] is not None:
                    self.newest = last[0].isoformat() if isinstance(last[0], date) else str(last[0])
                # SQLite stores times as text of any shape, which a bound value would not equal.
                if self.contract.is_delta and keys and None not in last and con.dialect.name != "sqlite":
                    self.last = last

    def _table(self, con: Connection) -> Table:
        options = self.options
        try:
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

    def _query(self, table: Table) -> tuple[Select[Any], Column[Any], list[Column[Any]]]:
        mark = table.columns[self.options.watermark]
        within = table.columns[self.options.period_column]
        keys = list(table.primary_key.columns)
        dialect = self.engine.dialect.name
        when = _compared(within, dialect)
        query = select(table).where(when >= _as(within, dialect, self.begins), when < _as(within, dialect, self.ends))
        if self.last is not None:
            # Rows of the same moment that the broken transaction has read are not read again.
            query = query.where(tuple_(mark, *keys) > tuple_(*self.last))
        elif self.since is not None:
            reopened: Any = self.since
            if not self.since.isdigit():
                reopened = datetime.fromisoformat(self.since) - timedelta(minutes=self.options.overlap_minutes)
            query = query.where(_compared(mark, dialect) >= _as(mark, dialect, reopened))
        return query.order_by(mark, *keys).execution_options(stream_results=True), mark, keys

    def _stated(self, now: Any, con: Connection) -> datetime:
        try:
            moment = now if isinstance(now, datetime) else datetime.fromisoformat(str(now))
        except ValueError:
            moment = datetime.now(tz=LOCAL)
        # SQLite's clock is UTC without saying so; other times without a zone are local.
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC if con.dialect.name == "sqlite" else LOCAL)

    def _wait(self, error: SQLAlchemyError) -> None:
        """Wait before the next attempt. Raises SourceUnavailable after the last, ConnectionUnusable for the login."""
        # The text of a driver's error may hold the address; its class is enough for the log.
        cause = getattr(error, "orig", None) or error
        code = str(getattr(cause, "pgcode", None) or "")
        # SQLSTATE class 28 is invalid authorization, 42501 insufficient privilege; at connecting psycopg2 gives none.
        if code.startswith("28") or code == "42501" or "authentication failed" in str(cause):
            found = f"it is refused, SQLSTATE {code or '28P01'}"
            raise self.contract.connection_unusable("a login that may read the table", found) from None
        wait_s = self.backoff.next_wait_s(AttemptFailed(f"the line broke ({type(cause).__name__})"))
        self.breaks += 1
        time.sleep(wait_s)


def _is_text(column: Column[Any], dialect: str) -> bool:
    """Is the column a time or date that is stored as text? In SQLite it is; its dialect would write more digits."""
    return dialect == "sqlite" and isinstance(column.type, (types.DateTime, types.Date))


def _compared(column: Column[Any], dialect: str) -> ColumnElement[Any]:
    return type_coerce(column, types.String()) if _is_text(column, dialect) else column


def _as(column: Column[Any], dialect: str, value: Any) -> Any:
    """`value` (a date, a time, or a number as text) in the type that the column is compared with."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return value
    if not isinstance(value, date):
        return int(value) if kind is int else value
    if kind is str or _is_text(column, dialect):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if kind is datetime and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value.date() if kind is date and isinstance(value, datetime) else value
