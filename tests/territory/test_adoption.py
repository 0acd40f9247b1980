"""A new edition of KATO moves nothing until a person adopts it, and then no right is lost or won by accident."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import psycopg2
import pytest
from psycopg2.extras import execute_values
from typer.testing import CliRunner

from auyl import access, ledger
from auyl.cli import app
from auyl.errors import AuylError
from auyl.settings import REPOSITORY, Settings
from auyl.store.lake import Lake
from auyl.territory.adoption import PLACE_COLUMNS, adopt, retire
from auyl.territory.reference import load_territory
from auyl.territory.resolver import current_edition
from tests.access.conftest import PASSWORD, dsn_as
from tests.territory.conftest import CROSSWALK, KATO
from tests.territory.editions import kato_file, write_changes
from tests.territory.test_moves import FORMER

ORDER = {"granted_by": "test", "reason": "an order"}
WHY = "order 1"
# Of FORMER, by what becomes of them in T1.
SAME, RENAMED, MERGED, SPLIT_OFF, ABOLISHED, RECODED = (
    "194033000", "194037000", "194085000", "194083000", "194099000", "191637000",
)  # fmt: skip


@pytest.fixture
def here(settings: Settings, tmp_path: Path, con: duckdb.DuckDBPyConnection) -> Settings:
    """FORMER is published for a month, T1 is loaded, with the table of changes from the one to the other."""
    (tmp_path / "kato.csv").write_text(KATO, encoding="utf-8")
    (tmp_path / "crosswalk.csv").write_text(CROSSWALK, encoding="utf-8")
    settings = replace(settings, oblast_kato="190000000")
    load_territory(settings, kato_file(tmp_path, "FORMER", FORMER), None, None, "FORMER")
    load_territory(settings, tmp_path / "kato.csv", tmp_path / "crosswalk.csv", None, "T1")
    lake = Lake(settings.lake)
    write_changes(con, lake, "T1", "FORMER", FORMER)
    rows = duckdb.sql(
        f"select {', '.join(PLACE_COLUMNS)} from '{lake.address('reference/territory/FORMER/kato.parquet')}'"
    ).fetchall()
    with owner(settings) as cursor:
        execute_values(cursor, f"insert into serving.territory ({', '.join(PLACE_COLUMNS)}) values %s", rows)
        cursor.execute("insert into serving.current_edition (edition) values ('FORMER')")
        publish(cursor, "2026-09", "FORMER", [row[0] for row in rows if row[2] == "okrug"])
    return settings


@contextlib.contextmanager
def owner(settings: Settings) -> Iterator[psycopg2.extensions.cursor]:
    with contextlib.closing(psycopg2.connect(settings.dsn)) as conn, conn, conn.cursor() as cursor:
        yield cursor


def publish(cursor: psycopg2.extensions.cursor, period: str, edition: str, okrugs: list[str]) -> None:
    cursor.execute("insert into serving.snapshot values (%s, 1, %s, 'i', 'c')", (period, edition))
    cursor.execute("insert into serving.current_snapshot values (%s, 1, %s)", (period, edition))
    values = [(period, 1, kato, "residents", 9, None, None, "ok", 100, None) for kato in okrugs]
    execute_values(cursor, "insert into serving.snapshot_value values %s", values)


@pytest.fixture
def akims(here: Settings) -> Iterator[dict[str, str]]:
    """A login for the akim of each okrug, by code; more for a district and for all."""
    tag = secrets.token_hex(4)
    names = {code: f"akim.{code}.{tag}" for code in (SAME, RENAMED, MERGED, SPLIT_OFF, ABOLISHED, RECODED)}
    names |= {"1940": f"district.{tag}", "19": f"oblast.{tag}"}
    with contextlib.closing(psycopg2.connect(here.dsn)) as conn:
        for territory, name in names.items():
            role = {4: "district_staff", 2: "oblast_staff"}.get(len(territory), "akim")
            access.create_login(conn, name, PASSWORD)
            access.grant(conn, name, role, territory, **ORDER)
        conn.commit()
    yield names
    with owner(here) as cursor:
        cursor.execute("delete from access.grant_")
        for name in names.values():
            cursor.execute(f'drop role "{name}"')


def read(settings: Settings, name: str) -> set[tuple[str, str]]:
    """Period and okrug of every value that a login reads."""
    with contextlib.closing(psycopg2.connect(dsn_as(settings.dsn, name, PASSWORD))) as conn, conn.cursor() as cursor:
        cursor.execute("select period, kato from serving.snapshot_value")
        return set(cursor.fetchall())


def page(settings: Settings, name: str, kato: str, period: str, period_before: str) -> list[tuple]:
    """Value of the month and of the month before, of the only indicator, as the page of an okrug asks for them."""
    question = (REPOSITORY / "auyl" / "portal" / "sql" / "indicators.sql").read_text(encoding="utf-8")
    with contextlib.closing(psycopg2.connect(dsn_as(settings.dsn, name, PASSWORD))) as conn, conn.cursor() as cursor:
        asked = {"kato": kato, "edition": "T1", "period": period, "period_before": period_before}
        cursor.execute(f"select value, value_before from ({question.rstrip().rstrip(';')}) as p", asked)
        return cursor.fetchall()


def publish_new(settings: Settings) -> None:
    with owner(settings) as cursor:
        cursor.execute("select kato from serving.territory where edition = 'T1' and level = 'okrug'")
        publish(cursor, "2026-10", "T1", [kato for (kato,) in cursor.fetchall()])


def test_loading_an_edition_makes_it_neither_current_nor_visible(here: Settings, akims: dict[str, str]) -> None:
    assert current_edition(here, Lake(here.lake)) == "FORMER"
    assert read(here, akims[SAME]) == {("2026-09", SAME)}
    plan = adopt(here, "T1", "", "test", dry_run=True)
    assert plan.is_new
    kinds = {place.kato: place.kind for place in plan.places if place.level == "okrug"}
    assert {code: kinds[code] for code in (SAME, RENAMED, MERGED, SPLIT_OFF, ABOLISHED, RECODED)} == {
        SAME: "same", RENAMED: "renamed", MERGED: "merged", SPLIT_OFF: "same", ABOLISHED: "abolished",
        RECODED: "recoded",
    }  # fmt: skip
    fates = {grant.principal: grant.what for grant in plan.grants}
    assert {code: fates[akims[code]] for code in (SAME, RENAMED, MERGED, SPLIT_OFF, ABOLISHED, RECODED)} == {
        SAME: "stays", RENAMED: "stays", MERGED: "ends", SPLIT_OFF: "stays", ABOLISHED: "ends", RECODED: "moves",
    }  # fmt: skip
    assert plan.months == [("2026-09", "FORMER")]
    assert current_edition(here, Lake(here.lake)) == "FORMER", "a plan decides nothing"
    with owner(here) as cursor:
        cursor.execute("select count(*) from serving.place_link")
        assert cursor.fetchone() == (0,)


def test_grants_follow_the_changes_and_former_months_stay_readable_in_their_edition(
    here: Settings, akims: dict[str, str]
) -> None:
    adopt(here, "T1", WHY, "test")
    assert current_edition(here, Lake(here.lake)) == "T1"
    for code in (SAME, RENAMED, MERGED, SPLIT_OFF, ABOLISHED, RECODED):
        assert read(here, akims[code]) == {("2026-09", code)}, "nothing is published in the new one yet"
    publish_new(here)
    assert {code: read(here, akims[code]) for code in (SAME, RENAMED, MERGED, SPLIT_OFF, ABOLISHED, RECODED)} == {
        SAME: {("2026-09", SAME), ("2026-10", SAME)},
        RENAMED: {("2026-09", RENAMED), ("2026-10", RENAMED)},
        MERGED: {("2026-09", MERGED)},
        SPLIT_OFF: {("2026-09", SPLIT_OFF), ("2026-10", SPLIT_OFF)},
        ABOLISHED: {("2026-09", ABOLISHED)},
        RECODED: {("2026-09", RECODED), ("2026-10", "191037000")},
    }
    with owner(here) as cursor:
        for table, given in (
            ("theme", {"theme": "people", "position": 1}),
            ("indicator", {"indicator_id": "residents", "theme": "people", "position": 1}),
        ):
            cursor.execute(
                "select column_name, data_type from information_schema.columns where table_schema = 'serving' "
                "and table_name = %s and is_nullable = 'NO'", (table,),
            )  # fmt: skip
            blank = {"integer": 0, "ARRAY": []}
            row = {column: blank.get(kind, "none") for column, kind in cursor.fetchall()} | given
            row |= {key: value for key, value in (("better", "none"), ("level", "district")) if key in row}
            cursor.execute(
                f"insert into serving.{table} ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )
    assert page(here, akims[RECODED], "191037000", "2026-10", "2026-09") == [(9, 9)], "under the code of each month"
    assert page(here, akims[RECODED], "191037000", "2026-09", "2026-08") == [(9, None)]
    assert page(here, akims["19"], "194239000", "2026-10", "2026-09") == [(9, None)], "it was no okrug then"
    district = {kato for period, kato in read(here, akims["1940"]) if period == "2026-10"}
    assert district == {"194033000", "194037000", "194083000"}, "and nothing of another district"
    with contextlib.closing(psycopg2.connect(here.dsn)) as conn, conn:
        access.grant(conn, akims[MERGED], "akim", "191037000", **ORDER)
    assert read(here, akims[MERGED]) == {
        ("2026-09", MERGED), ("2026-10", "191037000"), ("2026-09", RECODED),
    }, "a right to an okrug is one to what it was"  # fmt: skip


def test_an_adoption_is_taken_back_and_given_again(here: Settings, akims: dict[str, str]) -> None:
    lake = Lake(here.lake)
    with owner(here) as cursor:
        cursor.execute("select coalesce(max(audit_id), 0) from access.audit")
        (before,) = cursor.fetchone()
    assert adopt(here, "T1", WHY, "test").is_new
    assert not adopt(here, "T1", WHY, "test").is_new
    publish_new(here)
    assert ("2026-10", "191037000") in read(here, akims[RECODED])
    assert retire(here, "T1", "the wrong file", "test") == ("FORMER", True)
    assert retire(here, "T1", "the wrong file", "test") == ("FORMER", False)
    assert current_edition(here, lake) == "FORMER"
    assert read(here, akims[RECODED]) == {("2026-09", RECODED)}, "what a retired edition said gives no right"
    assert adopt(here, "T1", "it was right", "test").is_new
    assert ("2026-10", "191037000") in read(here, akims[RECODED])
    assert [(row["edition"], row["is_adopted"]) for row in ledger.edition_decisions(here)] == [
        ("T1", True), ("FORMER", True),
    ]  # fmt: skip
    with owner(here) as cursor:
        cursor.execute(
            "select action, purpose from access.audit where object = 'edition T1' and audit_id > %s order by audit_id",
            (before,),
        )
        assert cursor.fetchall() == [
            ("adopt_edition", WHY), ("retire_edition", "the wrong file"), ("adopt_edition", "it was right"),
        ]  # fmt: skip
    retire(here, "T1", "again", "test")
    with pytest.raises(AuylError, match="FORMER is the only one that is adopted"):
        retire(here, "FORMER", "no", "test")


def test_what_would_block_builds_is_refused_in_one_line(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopt(here, "T1", WHY, "test")
    elsewhere = [row for row in FORMER if row[0][:2] != "19"] + [
        ("330000000", "oblast", "область Жетісу", "Жетісу облысы"),
        ("331000000", "district", "Талдыкорган Г.А.", "Талдықорған Қ.Ә."),
    ]
    for name, value in {
        "AUYL_DSN": here.dsn, "AUYL_LAKE": here.lake, "AUYL_HOME": str(here.home),
        "AUYL_HASH_KEY_FILE": str(here.hash_key_file),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def run(*command: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["territory", *command])
        assert "Traceback" not in result.output
        return result.exit_code, " ".join(result.output.split())

    code, text = run("load", str(kato_file(tmp_path, "ZZ", FORMER)), "--edition", "ZZ")
    assert (code, text.endswith("current is still T1; look and decide: auyl territory adopt ZZ --dry-run")) == (0, True)
    code, text = run("adopt", "ZZ", "--reason", WHY)
    assert (code, text) == (
        1, "edition ZZ: expected the table crosswalk as edition T1 has it, found none: rows could not be placed. Load "
        "it again with --crosswalk. Fix: a data engineer",
    )  # fmt: skip
    run("load", str(kato_file(tmp_path, "AWAY", elsewhere)), "--edition", "AWAY")
    assert run("adopt", "AWAY", "--reason", WHY) == (
        1, "edition AWAY: expected okrugs of the oblast 190000000, found none",
    )  # fmt: skip
    assert "expected one that is loaded, found AWAY, FORMER, T1, ZZ" in run("adopt", "T9", "--reason", WHY)[1]
    assert "expected a reason" in run("adopt", "ZZ")[1]
    assert run("adopt", "T1", "--reason", WHY) == (0, "T1 is current already")
    code, text = run("adopt", "FORMER", "--dry-run")
    assert "expected the table crosswalk" in text
    assert [line.split()[:2] for line in CliRunner().invoke(app, ["territory", "list"]).output.splitlines()] == [
        ["edition", "state"], ["AWAY", "loaded"], ["FORMER", "adopted"], ["T1", "current"], ["ZZ", "loaded"],
    ]  # fmt: skip
