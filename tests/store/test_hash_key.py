"""The current key is one for all that is stored; a rotation waits for what is keyed and holds off what comes."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from auyl import contracts
from auyl.cli import app
from auyl.errors import HashKeyRefused
from auyl.identifiers import key_fingerprint, keyed_hash
from auyl.settings import Settings
from auyl.stage import scan
from auyl.store import duck
from auyl.store.hash_key import current_hash_key, set_person_key
from auyl.store.locks import BUILD, ENTITIES, LAND, LINK, LOAD, exclusive, lock
from auyl.store.postgres import engine

OTHER = "22" * 32


def with_key(settings: Settings, key: str) -> Settings:
    file = settings.home / f"{key[:4]}.key"
    file.write_text(key)
    return replace(settings, hash_key_file=file)


def execute(settings: Settings, statement: str, **values: object) -> None:
    with engine(settings.dsn).begin() as con:
        con.execute(text(statement), values)


def test_the_first_key_is_put_in_force_and_another_one_refused(settings: Settings) -> None:
    assert current_hash_key(settings) is None
    with lock(settings, BUILD, "2026-10"):
        pass
    known = current_hash_key(settings)
    assert known is not None and known.settled_at and known.fingerprint == key_fingerprint(settings.hash_key)
    with pytest.raises(HashKeyRefused, match="Restore that key"), lock(with_key(settings, OTHER), BUILD):
        pass
    assert current_hash_key(settings) == known


def test_a_vault_of_another_key_takes_no_first_key(settings: Settings) -> None:
    iin = "870101300019"
    execute(
        settings, "insert into vault.person (person_key, iin) values (cast(:k as uuid), :iin)",
        k=keyed_hash(iin, settings.hash_key), iin=iin,
    )  # fmt: skip
    with pytest.raises(HashKeyRefused, match="persons of the vault"), lock(with_key(settings, OTHER), BUILD):
        pass
    assert current_hash_key(settings) is None
    with lock(settings, BUILD):
        assert current_hash_key(settings) is not None


def test_a_rotation_that_was_cut_short_refuses_keyed_work_and_lets_extracts_land(settings: Settings) -> None:
    execute(
        settings, "insert into ledger.hash_key (key_no, fingerprint, reason) values (1, :f, 'test')",
        f=key_fingerprint(settings.hash_key),
    )  # fmt: skip
    with pytest.raises(HashKeyRefused, match="cut short"), lock(settings, LOAD):
        pass
    with lock(settings, LAND):
        pass


def waiters(settings: Settings) -> int:
    with engine(settings.dsn).connect() as con:
        query = "select count(*) from pg_locks where locktype = 'advisory' and not granted and database = ("
        return int(
            con.exec_driver_sql(f"{query}select oid from pg_database where datname = current_database())").scalar_one()
        )


def until(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("the condition never held")


def test_a_rotation_waits_for_keyed_work_with_locks_within_locks_and_holds_off_what_comes(settings: Settings) -> None:
    events: list[str] = []
    free = threading.Event()

    def rotating() -> None:
        with exclusive(settings):
            events.append("alone")
            free.wait(10)
            events.append("done")

    def working() -> None:
        with lock(settings, ENTITIES):
            events.append("late")

    with ThreadPoolExecutor(max_workers=2) as pool:
        with lock(settings, BUILD):
            rotation: Future[None] = pool.submit(rotating)
            until(lambda: waiters(settings) == 1)
            with lock(settings, LINK):  # behind one that waits for us it would wait for ever
                events.append("link")
            late: Future[None] = pool.submit(working)
            until(lambda: waiters(settings) == 2)
        until(lambda: "alone" in events)
        with lock(settings, LAND):
            events.append("landing")
        free.set()
        rotation.result(10)
        late.result(10)
    assert events == ["link", "alone", "landing", "done", "late"]


def test_status_and_rotate_say_fingerprints_and_no_key(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    other = with_key(settings, OTHER)
    monkeypatch.setenv("AUYL_DSN", settings.dsn)
    monkeypatch.setenv("AUYL_HOME", str(settings.home))
    monkeypatch.setenv("AUYL_LAKE", settings.lake)

    def run(*words: str, key_of: Settings) -> tuple[int, str]:
        monkeypatch.setenv("AUYL_HASH_KEY_FILE", str(key_of.hash_key_file))
        result = CliRunner().invoke(app, ["key", *words])
        assert not any(installation.hash_key.hex() in result.output for installation in (settings, other))
        return result.exit_code, result.output

    previous, new = (key_fingerprint(installation.hash_key) for installation in (settings, other))
    rotation = ("rotate", "--to", str(other.hash_key_file), "--reason", "yearly")
    assert run("status", key_of=settings)[0] == 0
    code, text_of = run(*rotation, key_of=settings)
    assert code == 0 and f"rotated: key {new} is current" in text_of, text_of
    code, text_of = run("status", key_of=settings)
    assert code == 1 and previous in text_of and new in text_of and "yearly" in text_of
    assert run("status", key_of=other)[0] == 0
    assert run("rotate", "--to", str(settings.home / "missing"), "--reason", "x", key_of=other)[0] == 2


def test_no_plan_profile_log_or_error_of_duckdb_holds_the_key(settings: Settings, tmp_path: Path) -> None:
    # both pads are letters, so that they are recognised in whatever spelling
    inner = b"A pad that anybody would see her"
    key = bytes(byte ^ 0x36 for byte in inner)
    pads = [inner, bytes(byte ^ 0x5C for byte in key)]
    keyed = with_key(settings, key.hex())
    seen: list[str] = []
    with duck.connect(keyed) as con:
        con.execute("call enable_logging(storage = 'memory', level = 'trace')")
        profile = tmp_path / "profile.json"
        con.execute(
            f"set enable_profiling = 'json'; set profiling_output = '{profile}'; set profiling_mode = 'detailed'"
        )
        set_person_key(con, keyed)
        contract = contracts.load("civil_acts", keyed.include)
        columns = ", ".join(f"'800101300123' as {column.name}" for column in contract.columns)
        con.execute(f"create temp table whole as select {columns}, 'f' as _file, 1::bigint as _record from range(3)")
        scan.define_views_over(con, keyed.include, contract, "whole", "2026-10")
        ((person,),) = con.execute("select distinct person_key from candidate").fetchall()
        assert person == UUID(keyed_hash("800101300123", key))
        seen.append(profile.read_text("utf-8"))
        for how in ("explain", "explain analyze", "explain (format json)"):
            seen += [str(row) for row in con.execute(f"{how} select * from candidate").fetchall()]
        failing = (
            "select person_key(iin)::varchar::int from whole",
            "select person_key(nowhere)",
            "select person_key()",
        )
        for query in failing:
            with pytest.raises(duckdb.Error) as error:
                con.execute(query).fetchall()
            seen.append(str(error.value))
        for table in ("duckdb_logs", "duckdb_functions()", "duckdb_views()", "duckdb_variables()", "duckdb_settings()"):
            seen += [str(row) for row in con.execute(f"from {table}").fetchall()]
    assert any("person_key(iin)::varchar::int" in text_of for text_of in seen), "the queries are logged"
    spellings = {pad.decode("latin-1") for pad in pads} | {pad.hex() for pad in pads} | {key.hex()}
    spellings |= {"".join(f"\\x{byte:02x}" for byte in pad) for pad in (*pads, key)}
    found = [one for one in spellings for text_of in seen if one[:12].casefold() in text_of.casefold()]
    assert found == []
