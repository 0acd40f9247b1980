"""A source database is read as of one moment, by its changes, and breaks off without leaving half of it."""

import contextlib
import json
import secrets
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InternalError, OperationalError

from auyl import contracts, intake, ledger
from auyl.errors import ConnectionUnusable, ExtractRefused, SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.sources import Pulled, PullHistory, backoff, sql
from auyl.stage.current import stage_view
from tests.extracts import CALL_HEADING, PERIOD, call
from tests.sources.conftest import with_options

CONTRACT = contracts.load("ambulance", REPOSITORY / "include")
TYPES = {
    "call_id": "bigint primary key", "category": "smallint", "patient_age": "int", "received_at": "timestamp",
    "dispatched_at": "timestamp", "arrived_at": "timestamp", "finished_at": "timestamp", "updated_at": "timestamp",
}  # fmt: skip
Execute = Callable[..., None]


@pytest.fixture
def execute(dsn: str) -> Iterator[Execute]:
    """Run a statement in the source database, which has an empty table of calls."""
    with contextlib.closing(psycopg2.connect(dsn)) as con:
        con.autocommit = True
        cursor = con.cursor()
        columns = ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in CALL_HEADING)
        cursor.execute(
            f"drop schema if exists dispatch cascade; create schema dispatch; create table dispatch.calls ({columns})"
        )
        yield cursor.execute


def insert(execute: Execute, *rows: list[str]) -> None:
    for row in rows:
        execute(f"insert into dispatch.calls values ({', '.join(['%s'] * len(row))})", [v or None for v in row])


def pulled_ids(settings: Settings, delivery_id: int) -> list[str]:
    folder = Path(settings.lake) / ledger.delivery(settings, delivery_id).landing_path
    return [line.split(",")[0] for line in (folder / f"ambulance_{PERIOD}.csv").read_text().splitlines()[1:]]


def test_only_calls_of_the_period_and_then_only_changes(dsn: str, settings: Settings, execute: Execute) -> None:
    insert(
        execute,
        call(1),
        call(2, received_at="2026-09-30 23:59:59"),
        call(3, updated_at="2026-10-07 12:00:00"),
        call(4, received_at="2026-11-01 00:00:00"),
    )
    first = intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
    assert pulled_ids(settings, first) == ["1", "3"]
    assert intake.load(first, settings).staged == 2
    insert(execute, call(5, updated_at="2026-10-07 11:50:00"), call(6, updated_at="2026-10-09 08:00:00"))
    execute("update dispatch.calls set category = 4, updated_at = '2026-10-09 09:00:00' where call_id = 1")
    second = intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
    # 3 lies within the reopened quarter of an hour, and so does 5, which was committed late with an earlier time
    assert pulled_ids(settings, second) == ["5", "3", "6", "1"]
    assert intake.load(second, settings).staged == 4

    import duckdb

    from auyl.store.lake import Lake

    con = duckdb.connect()
    batches = ledger.current_batches(settings, "ambulance", PERIOD, is_delta=True)
    assert len(batches) == 2
    stage_view(con, settings, Lake(settings.lake), contracts.load("ambulance", settings.include), batches)
    rows = con.execute("select call_id, category from stage_ambulance order by call_id").fetchall()
    assert rows == [("1", 4), ("3", 2), ("5", 2), ("6", 2)], "each call once, as it was last"


ENDS = (
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'FETCH%'"
)


def breaks(monkeypatch: pytest.MonkeyPatch, execute: Execute, times: int) -> list[int]:
    """Make the server end the reading session after each batch of rows, `times` times; no wait between attempts."""
    monkeypatch.setattr(sql, "ROWS_AT_ONCE", 500)
    monkeypatch.setattr(backoff, "growing_wait_s", lambda attempt: 0.0)
    killed: list[int] = []
    real = sql.csv.writer

    class Writer:
        def __init__(self, stream: TextIO) -> None:
            self.inner = real(stream)
            self.writerow = self.inner.writerow

        def writerows(self, rows: list[object]) -> None:
            self.inner.writerows(rows)
            if len(killed) < times:
                killed.append(len(rows))
                execute(ENDS)

    monkeypatch.setattr(sql.csv, "writer", Writer)
    return killed


def many_calls(execute: Execute, rows: int = 20000) -> None:
    # wide rows, so that the driver has not buffered all of them before the line is cut
    execute(
        "insert into dispatch.calls (call_id, received_at, category, address, updated_at) select n, '2026-10-05', 2, "
        "repeat('x', 2000), '2026-10-05'::timestamp + (n / 7) * interval '1 second' from generate_series(1, %s) as n",
        [rows],
    )


def test_a_broken_connection_resumes_after_the_last_row(
    dsn: str, settings: Settings, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_calls(execute)
    killed = breaks(monkeypatch, execute, times=3)
    delivery = intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
    assert len(killed) == 3
    assert pulled_ids(settings, delivery) == [str(n) for n in range(1, 20001)], "each call once, in the order of change"
    folder = Path(settings.lake) / ledger.delivery(settings, delivery).landing_path
    evidence = json.loads((folder / "manifest.json").read_text())["evidence"]
    assert (evidence["rows"], evidence["broken_off"]) == (20000, 3)


def test_a_full_extract_is_read_again_to_be_of_one_moment(
    dsn: str, execute: Execute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_calls(execute, 4000)
    killed = breaks(monkeypatch, execute, times=2)
    pulled = sql.pull(replace(CONTRACT, is_delta=False), PERIOD, dsn, tmp_path, PullHistory())
    lines = pulled.files[0].read_text().splitlines()
    assert len(killed) == 2
    assert [line.split(",")[0] for line in lines] == ["call_id", *(str(n) for n in range(1, 4001))]
    assert pulled.evidence["rows"] == 4000


def test_a_source_that_never_gives_a_row_is_given_up(
    dsn: str, settings: Settings, execute: Execute, waits: list[int]
) -> None:
    many_calls(execute, 10)
    execute("create view dispatch.slow as select c.* from dispatch.calls as c, pg_sleep(20)")
    contract = with_options(CONTRACT, table="slow", statementTimeoutSeconds=0.2)
    with pytest.raises(SourceUnavailable, match=r"in 6 attempts, last: .*QueryCanceled.*; nothing was landed"):
        sql.pull(contract, PERIOD, dsn, settings.home, PullHistory())
    assert waits == [0, 1, 2, 3, 4]
    assert ledger.extracts(settings, []) == []


def test_the_source_cannot_be_changed(dsn: str, execute: Execute) -> None:
    reading = sql._SqlPull(CONTRACT, PERIOD, dsn, PullHistory())
    with pytest.raises(InternalError, match="read-only transaction"), reading._connection() as con:
        con.execute(text("delete from dispatch.calls"))
    reading.engine.dispose()


def test_no_change_is_no_delivery(dsn: str, settings: Settings, execute: Execute) -> None:
    insert(execute, call(1))
    first = intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
    assert intake.load(first, settings).accepted
    execute("update dispatch.calls set received_at = '2026-11-05'")
    assert intake.pull("ambulance", PERIOD, lambda _: dsn, settings) == first
    assert len(ledger.extracts(settings, [])) == 1


def test_refused_changes_are_fetched_again(dsn: str, settings: Settings, execute: Execute) -> None:
    insert(execute, call(1, category="9"))
    first = intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
    assert not intake.load(first, settings).accepted
    insert(execute, *(call(n, updated_at="2026-10-20 10:00:00") for n in range(2, 60)))
    second = intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
    assert "1" in pulled_ids(settings, second)


def test_an_unreachable_database_does_not_show_its_password(settings: Settings, waits: list[int]) -> None:
    password = secrets.token_hex()
    with pytest.raises(SourceUnavailable) as raised:
        intake.pull("ambulance", PERIOD, lambda _: f"postgresql://u:{password}@127.0.0.1:9/x", settings)
    assert password not in "".join(traceback.format_exception(raised.value))


def test_a_refused_login_fails_at_once_and_is_not_shown(dsn: str, settings: Settings, execute: Execute) -> None:
    wrong = make_url(dsn).set(password="geheim").render_as_string(hide_password=False)
    with pytest.raises(ConnectionUnusable, match="SQLSTATE 28P01") as raised:
        intake.pull("ambulance", PERIOD, lambda _: wrong, settings)
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("address", ["nosuch://u:geheim@h/x", "geheim", "mssql+pyodbc://u:geheim@h/x"])
def test_an_address_without_a_driver_fails_at_once(settings: Settings, address: str) -> None:
    with pytest.raises(ConnectionUnusable, match="whose driver is installed") as raised:
        intake.pull("ambulance", PERIOD, lambda _: address, settings)
    assert "geheim" not in str(raised.value)


class TestSqlite:
    """Any address of SQLAlchemy; SQLite stores times as text without a zone."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Iterator[tuple[str, sqlite3.Connection]]:
        """Address and connection of a dispatch database in a file."""
        path = tmp_path / "dispatch.db"
        columns = ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in CALL_HEADING)
        with contextlib.closing(sqlite3.connect(path)) as con:
            con.execute(f"create table calls ({columns})")
            yield f"sqlite:///{path}", con

    def contract(self, **options: object) -> contracts.Contract:
        return with_options(CONTRACT, **{"schema": None} | options)

    def write(self, con: sqlite3.Connection, *rows: list[str]) -> None:
        con.executemany(f"insert into calls values ({', '.join('?' * len(CALL_HEADING))})", rows)
        con.commit()

    def ids(self, pulled: Pulled) -> list[str]:
        return [line.split(",")[0] for line in pulled.files[0].read_text().splitlines()[1:]]

    def test_rows_of_the_period_and_then_changes(self, source: tuple[str, sqlite3.Connection], tmp_path: Path) -> None:
        address, con = source
        self.write(con, call(1), call(2, received_at="2026-09-30 23:59:59"), call(4, received_at="2026-11-01 00:00:00"))
        first = sql.pull(self.contract(), PERIOD, address, tmp_path, PullHistory())
        assert self.ids(first) == ["1"]
        assert first.extracted_at is not None
        assert abs((first.extracted_at - datetime.now(tz=UTC)).total_seconds()) < 60, "its clock is UTC"
        self.write(con, call(5, updated_at="2026-10-09 08:00:00"))
        second = sql.pull(self.contract(), PERIOD, address, tmp_path, PullHistory(first.watermark))
        assert self.ids(second) == ["1", "5"], "the last quarter of an hour is read again"
        third = sql.pull(self.contract(overlapMinutes=0), PERIOD, address, tmp_path, PullHistory("2026-10-09T08:00:01"))
        assert third.is_unchanged

    def test_a_number_may_be_the_watermark(self, source: tuple[str, sqlite3.Connection], tmp_path: Path) -> None:
        address, con = source
        contract = self.contract(watermark="call_id")
        self.write(con, call(9), call(10))
        first = sql.pull(contract, PERIOD, address, tmp_path, PullHistory())
        assert (self.ids(first), first.watermark) == (["9", "10"], "10")
        self.write(con, call(11))
        assert self.ids(sql.pull(contract, PERIOD, address, tmp_path, PullHistory("10"))) == ["10", "11"]

    def test_it_cannot_be_changed_and_a_statement_times_out(
        self, source: tuple[str, sqlite3.Connection], tmp_path: Path, waits: list[int]
    ) -> None:
        address, con = source
        reading = sql._SqlPull(self.contract(), PERIOD, address, PullHistory())
        with pytest.raises(OperationalError, match="readonly"), reading._connection() as connection:
            connection.execute(text("delete from calls"))
        reading.engine.dispose()
        self.write(con, *(call(n) for n in range(1, 400)))
        con.execute("create view slow as select a.* from calls a, calls b, calls c, calls d order by b.call_id")
        with pytest.raises(SourceUnavailable, match="in 6 attempts"):
            sql.pull(self.contract(table="slow", statementTimeoutSeconds=0.2), PERIOD, address, tmp_path, PullHistory())


def test_a_renamed_column_of_the_table_is_named(dsn: str, settings: Settings, execute: Execute) -> None:
    execute("alter table dispatch.calls rename received_at to receive_at")
    with pytest.raises(ExtractRefused, match=r"«received_at».*nearest unclaimed one is «receive_at»"):
        intake.pull("ambulance", PERIOD, lambda _: dsn, settings)


def test_a_missing_table_is_named(dsn: str, settings: Settings, execute: Execute) -> None:
    execute("drop table dispatch.calls")
    with pytest.raises(ExtractRefused, match="a table calls"):
        intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
