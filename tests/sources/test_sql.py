"""A source database is read as of one moment, by its changes, and breaks off without leaving half of it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import psycopg2
import pytest

from auyl import contracts, intake, ledger
from auyl.errors import ExtractRefused, SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.snapshot.consolidate import stage_view
from auyl.sources import sql
from tests.extracts import CALL_HEADING, PERIOD, call

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

    from auyl.lake import Lake

    con = duckdb.connect()
    batches = ledger.in_force(settings, "ambulance", PERIOD, is_delta=True)
    assert len(batches) == 2
    stage_view(con, settings, Lake(settings.lake), contracts.load("ambulance", settings.include), batches)
    rows = con.execute("select call_id, category from stage_ambulance order by call_id").fetchall()
    assert rows == [("1", 4), ("3", 2), ("5", 2), ("6", 2)], "each call once, as it was last"


def test_a_source_that_dies_midway_lands_nothing(
    dsn: str, settings: Settings, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(
        "insert into dispatch.calls (call_id, received_at, category, address, updated_at) select n, '2026-10-05', 2, "
        "repeat('x', 2000), '2026-10-05'::timestamp + n * interval '1 second' from generate_series(1, 20000) as n"
    )
    monkeypatch.setattr(sql, "ROWS_AT_ONCE", 500)
    killed: list[int] = []
    real = sql.csv.writer

    class Writer:
        """Writes the first rows, then has the server end the session that reads them."""

        def __init__(self, stream: TextIO) -> None:
            self.inner = real(stream)
            self.writerow = self.inner.writerow

        def writerows(self, rows: list[object]) -> None:
            self.inner.writerows(rows)
            if not killed:
                killed.append(len(rows))
                execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and query like 'FETCH%'"
                )

    monkeypatch.setattr(sql.csv, "writer", Writer)
    with pytest.raises(SourceUnavailable, match="nothing was landed"):
        intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
    assert killed == [500]
    assert ledger.extracts(settings, []) == []


def test_an_unreachable_database_does_not_show_its_password(settings: Settings) -> None:
    with pytest.raises(SourceUnavailable) as told:
        intake.pull("ambulance", PERIOD, lambda _: "postgresql://u:geheim@127.0.0.1:9/x", settings)
    assert "geheim" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_renamed_column_of_the_table_is_named(dsn: str, settings: Settings, execute: Execute) -> None:
    execute("alter table dispatch.calls rename received_at to receive_at")
    with pytest.raises(ExtractRefused, match=r"«received_at».*nearest unclaimed one is «receive_at»"):
        intake.pull("ambulance", PERIOD, lambda _: dsn, settings)


def test_a_missing_table_is_named(dsn: str, settings: Settings, execute: Execute) -> None:
    execute("drop table dispatch.calls")
    with pytest.raises(ExtractRefused, match="a table calls"):
        intake.pull("ambulance", PERIOD, lambda _: dsn, settings)
