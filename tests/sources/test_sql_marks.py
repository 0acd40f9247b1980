"""How far a source database was read is never believed further than its clock, and months are local ones."""

import contextlib
import csv
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Column, Integer, MetaData, Numeric, Table, types
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from auyl import contracts
from auyl.errors import ExtractRefused, SourceUnavailable
from auyl.periods import LOCAL
from auyl.settings import REPOSITORY
from auyl.sources import PullHistory, sql
from auyl.sources.sql_query import SESSION, TableQuery
from tests.extracts import CALL_HEADING, PERIOD
from tests.sources.conftest import with_options

AMBULANCE = contracts.load("ambulance", REPOSITORY / "include")
CONTRACT = with_options(AMBULANCE, schema=None, table="calls")
Rows = list[dict[str, str]]
Execute = Callable[..., None]


@pytest.fixture
def execute(dsn: str) -> Iterator[Execute]:
    """Run a statement in the source database."""
    with contextlib.closing(psycopg2.connect(dsn)) as con:
        con.autocommit = True
        cursor = con.cursor()
        cursor.execute("drop table if exists calls")
        yield cursor.execute


def create(execute: Execute, **types_of: str) -> None:
    """An empty table of calls; columns are text unless `types_of` says another type."""
    given = {"call_id": "bigint primary key", "received_at": "timestamp", "updated_at": "timestamp"} | types_of
    columns = ", ".join(f"{name} {given.get(name, 'text')}" for name in CALL_HEADING)
    execute(f"create table calls ({columns})")


def insert(execute: Execute, call_id: int, received_at: str | None, updated_at: Any, **more: Any) -> None:
    row = {"call_id": call_id, "received_at": received_at, "updated_at": updated_at} | more
    execute(f"insert into calls ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})", list(row.values()))


def pull(
    dsn: str, work: Path, watermark: str | None = None, contract: contracts.Contract = CONTRACT, period: str = PERIOD
) -> tuple[Rows, str | None]:
    """The rows of a pull, as the file has them, and the watermark that it leaves."""
    pulled = sql.pull(contract, period, dsn, work, PullHistory(watermark))
    rows: Rows = []
    for file in pulled.files:
        with file.open(encoding="utf-8", newline="") as stream:
            rows += csv.DictReader(stream)
    return rows, pulled.watermark


def ids(rows: Rows) -> list[str]:
    return [row["call_id"] for row in rows]


DAY = "2026-10-05 08:00:00"


class TestMarks:
    """The watermark never passes the source's clock, and nothing hides behind it."""

    @pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date"])
    @pytest.mark.parametrize("future", ["2099-01-01 00:00:00", "20662-01-01 00:00:00", "infinity"])
    def test_a_mark_in_the_future_hides_no_later_change(
        self, dsn: str, execute: Execute, tmp_path: Path, kind: str, future: str
    ) -> None:
        create(execute, updated_at=kind)
        insert(execute, 1, DAY, "2026-10-06 08:00:00")
        insert(execute, 2, DAY, future)
        rows, mark = pull(dsn, tmp_path)
        assert ids(rows) == ["1", "2"]
        assert datetime.fromisoformat(mark).date().isoformat() == "2026-10-06"
        insert(execute, 3, DAY, "2026-10-07 08:00:00")
        rows, _ = pull(dsn, tmp_path, mark)
        assert set(ids(rows)) >= {"2", "3"}, "the change, and again the row whose time cannot be right"

    def test_a_mark_of_an_hour_ahead_is_one_of_the_future(self, dsn: str, execute: Execute, tmp_path: Path) -> None:
        create(execute)
        execute(
            "insert into calls (call_id, received_at, updated_at) values (1, %s, localtimestamp + interval '1 h')",
            [DAY],
        )
        execute(
            "insert into calls (call_id, received_at, updated_at) values (2, %s, localtimestamp - interval '1 h')",
            [DAY],
        )
        _, mark = pull(dsn, tmp_path)
        execute("insert into calls (call_id, received_at, updated_at) values (3, %s, localtimestamp)", [DAY])
        assert "3" in ids(pull(dsn, tmp_path, mark)[0])

    def test_a_watermark_that_passed_the_clock_is_drawn_back(self, dsn: str, execute: Execute, tmp_path: Path) -> None:
        create(execute)
        execute("insert into calls (call_id, received_at, updated_at) values (3, %s, localtimestamp)", [DAY])
        rows, mark = pull(dsn, tmp_path, "2099-01-01T00:00:00")
        assert ids(rows) == ["3"]
        assert datetime.fromisoformat(mark).replace(tzinfo=LOCAL) < datetime.now(tz=LOCAL) + timedelta(minutes=1)

    @pytest.mark.parametrize("nothing", [None, "-infinity", "0044-03-15 00:00:00 BC", "0001-01-01"])
    def test_a_row_without_a_mark_is_read_every_time(
        self, dsn: str, execute: Execute, tmp_path: Path, nothing: str | None
    ) -> None:
        create(execute)
        insert(execute, 1, DAY, "2026-10-06 08:00:00")
        insert(execute, 2, DAY, nothing, category="1")
        rows, mark = pull(dsn, tmp_path)
        assert sorted(ids(rows)) == ["1", "2"]
        execute("update calls set category = '4' where call_id = 2")
        insert(execute, 3, DAY, "2026-10-08 08:00:00")
        rows, _ = pull(dsn, tmp_path, mark)
        assert {row["call_id"]: row["category"] for row in rows} == {"1": "", "2": "4", "3": ""}

    def test_only_rows_without_a_mark_leave_none(self, dsn: str, execute: Execute, tmp_path: Path) -> None:
        create(execute)
        insert(execute, 1, DAY, None)
        assert pull(dsn, tmp_path)[1] is None

    def test_numbers_are_compared_as_numbers(self, dsn: str, execute: Execute, tmp_path: Path) -> None:
        create(execute, updated_at="numeric(18, 0)")
        for number, mark in ((1, 9), (2, 10), (3, None)):
            insert(execute, number, DAY, mark)
        rows, mark = pull(dsn, tmp_path)
        assert (ids(rows), mark) == (["1", "2", "3"], "10")
        insert(execute, 4, DAY, 11)
        assert ids(pull(dsn, tmp_path, mark)[0]) == ["2", "4", "3"]

    @pytest.mark.parametrize(
        ("kind", "value", "found"),
        [
            ("numeric(10, 2)", 1.5, "NUMERIC"),
            ("double precision", 1.0, "DOUBLE_PRECISION"),
            ("text", "9", "TEXT"),
            ("text", "2026-10-06 08:00:00", "TEXT"),
            ("bytea", b"\x00\x00\x07\xd1", "BYTEA"),
            ("boolean", True, "BOOLEAN"),
            ("time", "08:00", "TIME"),
            ("interval", "1 day", "INTERVAL"),
            ("xid", "7", "NullType"),
            ("bigint", -1, "BIGINT"),
        ],
    )
    def test_what_cannot_be_a_watermark_is_refused_at_the_first_pull(
        self, dsn: str, execute: Execute, tmp_path: Path, kind: str, value: object, found: str
    ) -> None:
        create(execute, updated_at=kind)
        insert(execute, 1, DAY, value)
        with pytest.raises(ExtractRefused, match=rf"«updated_at»: expected watermark: .*numbers.*; found type {found}"):
            pull(dsn, tmp_path)

    @pytest.mark.parametrize("kind", ["text", "bigint", "time", "bytea"])
    def test_what_cannot_be_a_day_of_the_period_is_refused(
        self, dsn: str, execute: Execute, tmp_path: Path, kind: str
    ) -> None:
        create(execute, received_at=kind)
        with pytest.raises(ExtractRefused, match=r"«received_at»: expected periodColumn: .*dates or times; found type"):
            pull(dsn, tmp_path)

    def test_a_column_that_only_orders_a_full_extract_may_be_anything(
        self, dsn: str, execute: Execute, tmp_path: Path
    ) -> None:
        create(execute, updated_at="text")
        insert(execute, 1, DAY, "b")
        insert(execute, 2, DAY, "a")
        assert ids(pull(dsn, tmp_path, contract=replace(CONTRACT, is_delta=False))[0]) == ["2", "1"]


class TestMonths:
    """A row belongs to the month of its local time, whatever zone server and session have."""

    @pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Almaty", "Asia/Tokyo"])
    def test_a_moment_belongs_to_its_local_month(self, dsn: str, execute: Execute, tmp_path: Path, zone: str) -> None:
        create(execute, received_at="timestamptz", updated_at="timestamptz")
        execute(f"alter database {dsn.rpartition('/')[2]} set timezone to '{zone}'")
        moments = ("2026-09-30 18:59:59Z", "2026-09-30 19:00:00Z", "2026-10-31 18:59:59Z", "2026-10-31 19:00:00Z")
        for number, moment in enumerate(moments):
            insert(execute, number, moment, moment)
        october, mark = pull(dsn, tmp_path)
        november, _ = pull(dsn, tmp_path, period="2026-11")
        assert [row["received_at"] for row in october] == ["2026-10-01 00:00:00+05", "2026-10-31 23:59:59+05"]
        assert ids(november) == ["3"]
        assert datetime.fromisoformat(mark) == datetime(2026, 10, 31, 23, 59, 59, tzinfo=LOCAL)

    def test_before_march_2024_local_time_was_an_hour_ahead(self, dsn: str, execute: Execute, tmp_path: Path) -> None:
        create(execute, received_at="timestamptz")
        for number, moment in enumerate(("2024-01-31 17:59:59Z", "2024-01-31 18:00:00Z")):
            insert(execute, number, moment, DAY)
        assert ids(pull(dsn, tmp_path, period="2024-01")[0]) == ["0"]
        assert ids(pull(dsn, tmp_path, period="2024-02")[0]) == ["1"]

    def test_a_time_without_a_zone_is_local_as_it_stands(self, dsn: str, execute: Execute, tmp_path: Path) -> None:
        create(execute)
        for number, moment in enumerate(("2026-10-01 00:00:00", "2026-10-31 23:59:59.999999", "2026-11-01 00:00:00")):
            insert(execute, number, moment, DAY)
        assert [row["received_at"] for row in pull(dsn, tmp_path)[0]] == [
            "2026-10-01 00:00:00", "2026-10-31 23:59:59.999999",
        ]  # fmt: skip

    def test_a_row_without_a_date_belongs_to_the_month_of_its_change(
        self, dsn: str, execute: Execute, tmp_path: Path
    ) -> None:
        create(execute)
        insert(execute, 1, None, "2026-10-31 10:00:00")
        insert(execute, 2, None, "2026-11-01 10:00:00")
        assert ids(pull(dsn, tmp_path)[0]) == ["1"]
        assert ids(pull(dsn, tmp_path, period="2026-11")[0]) == ["2"]


class TestValues:
    """A cell comes as the database writes it; no value of a source is a Python error."""

    @pytest.mark.parametrize(
        ("kind", "value", "text"),
        [
            ("timestamp", "20662-01-01 00:00:00", "20662-01-01 00:00:00"),
            ("timestamp", "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00 BC"),
            ("timestamp", "infinity", "infinity"),
            ("timestamptz", "-infinity", "-infinity"),
            ("date", "20662-01-01", "20662-01-01"),
            ("date", "infinity", "infinity"),
            ("time", "24:00", "24:00:00"),
            ("interval", "100000000 years", "100000000 years"),
            ("numeric", "NaN", "NaN"),
            ("numeric(20, 4)", "12345678901234.5000", "12345678901234.5000"),
            ("double precision", "1e308", "1e+308"),
            ("boolean", True, "true"),
            ("jsonb", '{"a": [1, "б"]}', '{"a": [1, "б"]}'),
            ("int[]", "{1,2}", "{1,2}"),
            ("bytea", b"\x00\xff", "\\x00ff"),
            ("int4range", "[1,5)", "[1,5)"),
            ("text", 'a "b", c\nd', 'a "b", c\nd'),
        ],
    )
    def test_a_cell_is_what_the_database_writes(
        self, dsn: str, execute: Execute, tmp_path: Path, kind: str, value: object, text: str
    ) -> None:
        create(execute, outcome=kind)
        insert(execute, 1, DAY, DAY, outcome=value)
        rows, _ = pull(dsn, tmp_path)
        assert (rows[0]["outcome"], rows[0]["received_at"]) == (text, DAY)

    def test_text_of_another_encoding_is_refused_in_words(self, dsn: str, tmp_path: Path) -> None:
        name = f"ascii_{secrets.token_hex(4)}"
        with contextlib.closing(psycopg2.connect(dsn)) as con:
            con.autocommit = True
            con.cursor().execute(f"create database {name} encoding 'SQL_ASCII' locale 'C' template template0")
        where = dsn.rsplit("/", 1)[0] + f"/{name}"
        with contextlib.closing(psycopg2.connect(where)) as con:
            con.autocommit = True
            create(con.cursor().execute)
            con.cursor().execute(
                f"insert into calls (call_id, received_at, updated_at, reason) values (1, '{DAY}', '{DAY}', E'\\xd0')"
            )
        with pytest.raises(ExtractRefused, match=r"values can be read; found one that its driver cannot \(Unicode"):
            pull(where, tmp_path)


class TestLimits:
    """A database that never gives all of its rows is given up."""

    def test_a_line_that_always_breaks_after_some_rows(
        self, dsn: str, execute: Execute, tmp_path: Path, waits: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(execute)
        execute(
            "insert into calls (call_id, received_at, updated_at, address) select n, %s, %s, repeat('x', 2000) "
            "from generate_series(1, 20000) as n",
            [DAY, DAY],
        )
        monkeypatch.setattr(sql, "ROWS_AT_ONCE", 500)
        real = sql.csv.writer

        class Writer:
            def __init__(self, stream: Any) -> None:
                self.inner = real(stream)
                self.writerow = self.inner.writerow

            def writerows(self, rows: list[object]) -> None:
                self.inner.writerows(rows)
                execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and query like 'FETCH%'"
                )

        monkeypatch.setattr(sql.csv, "writer", Writer)
        with pytest.raises(SourceUnavailable, match="did not answer whole in 6 attempts"):
            pull(dsn, tmp_path)
        assert waits == [0, 1, 2, 3, 4]

    def test_a_whole_pull(self, dsn: str, execute: Execute, tmp_path: Path) -> None:
        create(execute)
        insert(execute, 1, DAY, DAY)
        execute("drop view if exists slow; create view slow as select c.* from calls as c, pg_sleep(1)")
        contract = with_options(AMBULANCE, schema=None, table="slow", pullTimeoutSeconds=0.5)
        try:
            with pytest.raises(SourceUnavailable, match=r"the pull has taken longer than 0.5 s; nothing was landed"):
                pull(dsn, tmp_path, contract=contract)
        finally:
            execute("drop view slow")


class TestOtherDatabases:
    """The same questions in the SQL of other databases."""

    def question(self, dialect: Any, received: types.TypeEngine, updated: types.TypeEngine, since: str | None) -> str:
        columns = [Column("call_id", Integer, primary_key=True), Column("received_at", received)]
        table = Table("calls", MetaData(), *columns, Column("updated_at", updated), Column("reason", types.String(9)))
        query = TableQuery(CONTRACT, table, dialect.name, PERIOD)
        mark = query.since(since, datetime(2026, 10, 20, tzinfo=LOCAL if dialect.name == "mssql" else None))
        return str(query.rows(mark).compile(dialect=dialect, compile_kwargs={"literal_binds": True})).replace("\n", "")

    def test_mysql(self) -> None:
        kind = mysql.TIMESTAMP()
        found = self.question(mysql.dialect(), kind, kind, "2026-10-09T08:15:00")
        assert "CAST(calls.received_at AS CHAR) AS received_at" in found
        assert "calls.received_at >= '2026-10-01 00:00:00' AND calls.received_at < '2026-11-01 00:00:00'" in found
        assert "calls.updated_at >= '2026-10-09 08:00:00' OR calls.updated_at IS NULL" in found
        assert "set session time_zone = '{zone}'" in SESSION["mysql"]
        assert SESSION["mariadb"] == SESSION["mysql"]

    def test_mssql_compares_moments(self) -> None:
        kind = mssql.DATETIMEOFFSET()
        found = self.question(mssql.dialect(), kind, kind, "2026-10-09T08:15:00+05:00")
        assert "calls.received_at >= '2026-10-01 00:00:00+05:00'" in found
        assert "calls.received_at < '2026-11-01 00:00:00+05:00'" in found
        assert "calls.updated_at >= '2026-10-09 08:00:00+05:00' OR calls.updated_at IS NULL" in found

    def test_oracle(self) -> None:
        kind = oracle.DATE()
        found = self.question(oracle.dialect(), kind, kind, None)
        assert "CAST(calls.received_at AS VARCHAR2(64 CHAR)) AS received_at" in found
        assert "calls.received_at >= TO_DATE('2026-10-01 00:00:00', 'YYYY-MM-DD HH24:MI:SS')" in found
        assert "alter session set time_zone = '{zone}'" in SESSION["oracle"]

    @pytest.mark.parametrize(
        ("dialect", "kind"),
        [
            (mssql.dialect(), mssql.TIMESTAMP()),
            (mssql.dialect(), mssql.ROWVERSION()),
            (mssql.dialect(), mssql.UNIQUEIDENTIFIER()),
            (mysql.dialect(), mysql.YEAR()),
            (mysql.dialect(), mysql.BIT()),
            (mysql.dialect(), mysql.DOUBLE()),
            (oracle.dialect(), oracle.NUMBER(10, 2)),
            (oracle.dialect(), oracle.RAW(8)),
            (postgresql.dialect(), Numeric()),
        ],
    )
    def test_what_cannot_be_a_watermark(self, dialect: Any, kind: types.TypeEngine) -> None:
        with pytest.raises(ExtractRefused, match="expected watermark: a column of times or whole numbers"):
            self.question(dialect, types.DateTime(), kind, None)

    @pytest.mark.parametrize(
        ("dialect", "kind"),
        [
            (mssql.dialect(), types.BigInteger()),
            (mssql.dialect(), mssql.DECIMAL(18, 0)),
            (mysql.dialect(), mysql.BIGINT(unsigned=True)),
            (oracle.dialect(), oracle.NUMBER(12, 0)),
        ],
    )
    def test_what_can(self, dialect: Any, kind: types.TypeEngine) -> None:
        assert "calls.updated_at >= 10 OR calls.updated_at IS NULL" in self.question(
            dialect, types.DateTime(), kind, "10"
        )
