"""What a person's own PostgreSQL login can do beside reading: hold up the night, and ask plans about hidden rows."""

import contextlib
import re
import threading
import time
from dataclasses import replace

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import connection

from auyl import access
from auyl.errors import DatabaseUnusable, LockBusy
from auyl.settings import from_environment
from auyl.store import locks, schema
from auyl.store.locks import BUILD, lock, lock_name
from auyl.store.schema import migrate
from tests.access import world
from tests.access.conftest import PASSWORD, As, dsn_as

ORDER = {"granted_by": "test", "reason": "order 1"}
# Keys of a table that row-level security guards: a condition on them that every index could serve, and its values where
# a row is hidden and where there is none.
PROBES = {
    "snapshot_value": (
        "period = '2026-10' and revision = 1 and kato = %s and indicator_id = 'residents'", world.TURGEN, "194099000"
    ),
    "ambulance_by_settlement": (
        "period = '2026-10' and revision = 1 and okrug_kato = %s and settlement_kato like '19%%'",
        world.TURGEN, "194099000",
    ),
    "veterinary_by_settlement": ("period = '2026-10' and revision = 1 and okrug_kato = %s", world.TURGEN, "194099000"),
    "quality": (
        "registry = 'livestock' and period = '2026-10' and level = 'okrug' and kato = %s", world.TURGEN, "194099000"
    ),
    "contradiction": (
        "period = '2026-10' and type_id = 'x' and subject_kind = 'person' and subject_key = %s", "hidden", "nobody"
    ),
}  # fmt: skip
READERS = {
    "akim": [("akim", world.SHELEK)],
    "district_staff": [("district_staff", "195200000")],
    "ambulance": [("ambulance_coordinator", world.SHELEK)],
    "veterinary": [("veterinary_coordinator", world.SHELEK)],
    "owner": [],
    "nobody": [],
}
MAY_READ = {
    "akim": {"snapshot_value"},
    "district_staff": {"snapshot_value", "quality"},
    "ambulance": {"ambulance_by_settlement"},
    "veterinary": {"veterinary_by_settlement"},
    "owner": {"quality", "contradiction"},
    "nobody": set(),
}


@pytest.fixture(scope="module")
def guarded(filled: str) -> str:
    """Rows for every guarded table, and statistics as after a night."""
    with contextlib.closing(psycopg2.connect(filled)) as con:
        with con, con.cursor() as cur:
            cur.execute(
                "insert into serving.quality (registry, period, level, kato, edition, rows_in, staged, quarantined, "
                "duplicates, warned, days_late) select r, '2026-10', 'okrug', t.kato, t.edition, 5, 5, 0, 0, 0, 0 "
                "from serving.territory as t, unnest(array['livestock', 'pets']) as r "
                "where t.level = 'okrug' and t.edition = %s",
                (world.EDITION,),
            )
            cur.execute("insert into serving.contradiction_set values ('2026-10', 'i', 'e', 'p', 1)")
            cur.execute(
                "insert into serving.contradiction (period, type_id, owner_registry, subject_kind, subject_key) "
                "select '2026-10', 'x', 'livestock', 'person', 'hidden' union all "
                "select '2026-10', 'x', 'livestock', 'person', 'p' || n from generate_series(1, 3000) as n"
            )
        con.autocommit = True
        for table in PROBES:
            con.cursor().execute(f"vacuum analyze serving.{table}")
    return filled


def rows(conn: connection, query: str, *values: object) -> list[tuple]:
    with conn, conn.cursor() as cur:
        cur.execute(query, values)
        return cur.fetchall()


def plan(conn: connection, query: str, value: str, options: str) -> str:
    text = "\n".join(line for (line,) in rows(conn, f"explain ({options}) {query}", value))
    return re.sub(r"Time: .*|Buffers: .*|Memory: .*|Index Searches: .*", "", text.replace(value, "?"))


@pytest.mark.parametrize("who", READERS)
def test_no_plan_tells_of_a_row_that_is_hidden(guarded: str, owner: connection, login: As, tag: str, who: str) -> None:
    for role, territory in READERS[who]:
        access.grant(owner, f"{who}.{tag}", role, territory, **ORDER)
    if who == "owner":
        access.give_registry(owner, f"{who}.{tag}", "pets", given_by="test", reason="letter 1")
    reader = login(f"{who}.{tag}")
    readable = set()
    for table, (condition, hidden, absent) in PROBES.items():
        query = f"select * from serving.{table} where {condition}"
        try:
            assert rows(reader, query, hidden) == []
        except errors.InsufficientPrivilege:
            continue
        readable.add(table)
        for scan in ("set enable_seqscan = on", "set enable_seqscan = off", "set enable_indexscan = off"):
            with reader, reader.cursor() as cur:
                cur.execute(scan)
            for options in ("analyze, costs off, timing off", "analyze, costs on, timing off", "costs on"):
                assert plan(reader, query, hidden, options) == plan(reader, query, absent, options), (table, scan)
            with reader, reader.cursor() as cur:
                cur.execute("reset all")
    assert readable == MAY_READ[who]


@pytest.mark.parametrize("who", ["akim", "ambulance"])
def test_no_estimate_and_no_error_tells_a_hidden_value(
    guarded: str, owner: connection, login: As, tag: str, who: str
) -> None:
    for role, territory in READERS[who]:
        access.grant(owner, f"{who}.{tag}", role, territory, **ORDER)
    reader = login(f"{who}.{tag}")
    (table,) = MAY_READ[who]
    column, hidden, absent = {
        "snapshot_value": ("flag", "suppressed", "no such flag"),
        "ambulance_by_settlement": ("settlement_ru", "", "no such village"),
    }[table]  # fmt: skip
    if table == "ambulance_by_settlement":
        hidden = rows(
            owner,
            "select settlement_ru from serving.ambulance_by_settlement where okrug_kato = %s limit 1",
            world.TURGEN,
        )[0][0]
    query = f"select * from serving.{table} where {column} = %s"
    assert plan(reader, query, hidden, "costs on") == plan(reader, query, absent, "costs on")
    # a division by what a hidden row holds, a cast of it, and a function that raises
    number = "value" if table == "snapshot_value" else "calls"
    key = "kato" if table == "snapshot_value" else "okrug_kato"
    ((theirs,),) = rows(
        owner, f"select {number} from serving.{table} where {key} = %s and {number} > 0 limit 1", world.TURGEN
    )
    for condition in (
        f"1 / ({number} - {theirs}) = 0", f"({key} || 'x')::int > 0 and {key} = '{world.TURGEN}'",
        f"{key} = '{world.TURGEN}' and ({number}::text || 'x')::numeric > 0",
    ):  # fmt: skip
        assert rows(reader, f"select * from serving.{table} where {key} <> '{world.SHELEK}' and {condition}") == []
    assert rows(reader, "select * from pg_stats where schemaname = 'serving' and tablename = %s", table) == []


@pytest.mark.parametrize(
    "statement",
    [
        "select pg_advisory_lock(hashtext(%s))",
        "select pg_advisory_lock_shared(hashtext(%s))",
        "select pg_try_advisory_lock(hashtext(%s))",
        "select pg_advisory_xact_lock(hashtext(%s))",
        "select pg_try_advisory_xact_lock_shared(0, hashtext(%s))",
        "lock table serving.snapshot_value in access exclusive mode -- %s",
        "lock table migration.repeatable -- %s",
        "select * from serving.snapshot_value for update -- %s",
    ],
)
def test_a_reader_takes_no_lock_of_the_pipeline(owner: connection, login: As, tag: str, statement: str) -> None:
    access.grant(owner, f"akim.{tag}", "akim", world.SHELEK, **ORDER)
    for name in (f"akim.{tag}", "auyl_portal"):
        with pytest.raises(errors.InsufficientPrivilege):
            rows(login(name), statement, lock_name(BUILD, "2026-10"))


def test_who_waits_too_long_is_told_who_holds_the_lock(filled: str, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    key = tmp_path / "hash.key"
    key.write_text("11" * 32)
    settings = replace(from_environment(), dsn_or_none=filled, hash_key_file=key)
    monkeypatch.setattr(locks, "LONGEST_WAIT_S", 0.3)
    said: list[str] = []

    def wait() -> None:
        with pytest.raises(LockBusy) as busy, lock(settings, locks.PULL, "r", "2026-10"):
            pass
        said.append(str(busy.value))

    with lock(settings, locks.PULL, "r", "2026-10"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join()
    assert re.fullmatch(
        r"the lock auyl\.pull\.r\.2026-10: expected .*, found it held by auyl \(.+, process \d+, since [-\d :]+\)\. .*",
        said[0],
    ), said
    monkeypatch.setattr(locks, "LONGEST_WAIT_S", 5)
    with lock(settings, locks.PULL, "r", "2026-10"):
        pass


def test_a_long_reader_holds_up_nobody_when_a_migration_waits(
    filled: str, owner: connection, login: As, tag: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    """Nothing is touched where nothing is new; else the migration gives way and names who it waits for."""
    access.grant(owner, f"akim.{tag}", "akim", world.SHELEK, **ORDER)
    reader = login(f"akim.{tag}")
    reader.cursor().execute("select count(*) from serving.snapshot_current")  # and the transaction stays open
    settings = replace(from_environment(), dsn_or_none=filled)
    started = time.monotonic()
    assert not migrate(settings).is_new
    assert time.monotonic() - started < 2
    with owner:
        owner.cursor().execute("update migration.repeatable set sha256 = 'of another version'")
    monkeypatch.setattr(schema, "TURN_S", 1)
    monkeypatch.setattr(schema, "PAUSE_S", 0.5)
    monkeypatch.setattr(schema, "TURNS", 3)
    found: list[str] = []

    def run() -> None:
        with pytest.raises(DatabaseUnusable) as refused:
            migrate(settings)
        found.append(str(refused.value))

    migration = threading.Thread(target=run)
    migration.start()
    longest = 0.0
    with contextlib.closing(psycopg2.connect(dsn_as(filled, f"akim.{tag}", PASSWORD))) as other:
        while migration.is_alive():
            begun = time.monotonic()
            assert rows(other, "select count(distinct kato) from serving.snapshot_current") == [(1,)]
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.05)
    migration.join()
    assert longest < 3
    assert re.search(rf"in use in 3 turns; akim\.{tag} \(.*process \d+, since [\d:]+\)", found[0]), found
    reader.rollback()
    assert migrate(settings).is_new
    assert rows(reader, "select count(distinct kato) from serving.snapshot_current") == [(1,)]
