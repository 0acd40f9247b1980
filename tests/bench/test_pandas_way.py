"""The peer of the bench does the work of `auyl build`: it stages, rejects and links the same rows."""

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest

from auyl import ledger, pipeline
from bench import REPOSITORY
from bench.harness import OKRUG_VALUES, snapshot_values
from bench.pandas_way.clean import is_typo
from bench.pandas_way.link import jaro_winkler
from bench.report import PANDAS_FIXED
from lab import CORE_REGISTRIES
from tests.conftest import Once, fresh_database, fresh_installation
from tests.snapshot.conftest import PERIOD, core_registries, know_territory


@dataclass
class Both:
    """Databases and lake of `auyl build` and of its peer, made from the same extracts."""

    ours: str
    theirs: str
    lean: str
    lake: Path
    batches: dict[str, ledger.Batch]
    parts: dict[str, float]


@pytest.fixture(scope="module")
def both(postgres_server: str, dsn: str, once: Once, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The same small oblast taken in and published by both, under one key."""
    extracts = once("core_registries", core_registries)[0]
    home = tmp_path_factory.mktemp("installation")
    settings = know_territory(fresh_installation(dsn, home), extracts)
    assert pipeline.run(settings, PERIOD, extracts, say=lambda _: None).status == "published"
    env = {name: value for name, value in os.environ.items() if not name.startswith("AUYL_")}
    env |= {"PYTHONPATH": str(REPOSITORY), "AUYL_HASH_KEY_FILE": str(settings.hash_key_file)}
    batches = {registry: ledger.current_batches(settings, registry, PERIOD)[0] for registry in CORE_REGISTRIES}
    with fresh_database(postgres_server) as full, fresh_database(postgres_server) as lean:
        parts = {}
        for kind, database, options in (("full", full, []), ("lean", lean, ["--lean"])):
            done = subprocess.run(
                [sys.executable, "-m", "bench.pandas_way", str(extracts), PERIOD, str(home / kind), *options],
                env=env | {"AUYL_DSN": database}, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            parts[kind] = json.loads(done.stdout.splitlines()[-1])["parts"]
        yield Both(dsn, full, lean, Path(settings.lake), batches, parts["full"])


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def agree(ours: float | None, theirs: float | None) -> bool:
    """Within 2%, or 0.11 for small values; where we have no value, the peer may have zero."""
    if ours is None or theirs is None:
        return ours is None and theirs in (None, 0)
    return abs(ours - theirs) <= max(0.02 * abs(ours), 0.11)


def rules(text: str) -> set[str]:
    return set(text.split("; "))


@pytest.mark.slow
@pytest.mark.parametrize("registry", CORE_REGISTRIES)
def test_the_account_of_each_registry_is_the_same(both: Both, registry: str) -> None:
    account = "rows_in, staged, quarantined, duplicates, warned"
    (theirs,) = rows(both.theirs, f"select {account} from batch where registry = '{registry}'")
    batch = both.batches[registry]
    # The peer does not tell linkable rows from other rejected ones.
    assert theirs == (batch.rows_in, batch.staged, batch.rejected, batch.duplicates, batch.warned)
    assert batch.quarantined + batch.warned > 0


@pytest.mark.slow
@pytest.mark.parametrize("registry", CORE_REGISTRIES)
def test_the_same_rows_are_rejected_for_the_same_reasons(both: Both, registry: str) -> None:
    path = both.lake / both.batches[registry].quarantine_path
    ours = duckdb.sql(
        f"select _file, _record, _line, replace(_outcome, 'linkable', 'quarantined'), _rules "
        f"from read_parquet('{path}') where _outcome <> 'staged'"
    ).fetchall()
    theirs = rows(both.theirs, f"select _file, _record, _line, _outcome, _rules from quarantine_{registry}")
    # an exact duplicate has no other reasons
    rejected = {(f, r, line, o, *(sorted(rules(text)) if o == "quarantined" else ())) for f, r, line, o, text in theirs}
    assert rejected == {
        (f, r, line, o, *(sorted(names) if o == "quarantined" else ())) for f, r, line, o, names in ours
    }


@pytest.mark.slow
@pytest.mark.parametrize("registry", CORE_REGISTRIES)
def test_the_same_rows_are_staged_under_the_same_keys(both: Both, registry: str) -> None:
    key = {"livestock": "owner_key", "ambulance": "patient_key", "budget_okrug": "kato"}.get(registry, "person_key")
    path = both.lake / both.batches[registry].stage_path
    ours = duckdb.sql(f"select _file, _record, replace({key}::varchar, '-', '') from read_parquet('{path}')").fetchall()
    assert set(rows(both.theirs, f"select _file, _record, {key} from stage_{registry}")) == set(ours)


@pytest.mark.slow
def test_no_stage_table_of_the_peer_identifies_a_person(both: Both) -> None:
    columns = rows(
        both.theirs,
        "select table_name, column_name from information_schema.columns where table_name like 'stage\\_%'",
    )
    assert {table for table, _ in columns} == {f"stage_{registry}" for registry in CORE_REGISTRIES}
    hidden = {"iin", "surname", "given_name", "patronymic", "street", "owner_number", "patient_iin"}
    assert not hidden & {column for _, column in columns}


@pytest.mark.slow
def test_rows_without_a_number_are_linked_to_the_same_persons(both: Both) -> None:
    (path,) = both.lake.glob("linkage/*/*/link.parquet")
    ours = duckdb.sql(
        "select registry, _file, _record, replace(person_key::varchar, '-', ''), method, outcome "
        f"from read_parquet('{path}')"
    ).fetchall()
    theirs = rows(both.theirs, "select registry, _file, _record, person_key, method, outcome from link")
    assert set(theirs) == set(ours)
    assert "link" in {row[-1] for row in theirs}


@pytest.mark.slow
def test_ninety_nine_percent_of_the_published_values_agree(both: Both) -> None:
    ours, theirs = snapshot_values(both.ours, OKRUG_VALUES), snapshot_values(both.theirs, "snapshot_value")
    assert ours.keys() == theirs.keys()
    assert sum(agree(value, theirs[key]) for key, value in ours.items()) >= 0.99 * len(ours)
    for table, key in (("ambulance_by_settlement", "calls"), ("veterinary_by_settlement", "heads")):
        (mine,), (yours,) = (rows(dsn, f"select sum({key}) from {schema}{table}") for dsn, schema in
                             ((both.ours, "serving."), (both.theirs, "")))  # fmt: skip
        assert float(yours[0]) == pytest.approx(float(mine[0]), rel=0.01)


@pytest.mark.slow
def test_the_parts_that_the_bench_does_not_scale_exist(both: Both) -> None:
    assert set(PANDAS_FIXED) < set(both.parts)


@pytest.mark.slow
def test_the_lean_peer_stores_only_persons_and_values(both: Both) -> None:
    tables = rows(both.lean, "select table_name from information_schema.tables where table_schema = 'public'")
    assert {table for (table,) in tables} == {"person", "snapshot_value"}
    assert rows(both.lean, "select count(*) from person") == rows(both.theirs, "select count(*) from person")


def test_similarity_of_names_is_that_of_duckdb(con: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(7)
    words = ["".join(draw.choices("abcde", k=draw.randint(2, 8))) for _ in range(60)]
    pairs = [(a, b) for a in words for b in words]
    con.execute(
        "create or replace temp table pair as select unnest(?) as a, unnest(?) as b", [*zip(*pairs, strict=True)]
    )
    expected = con.execute(
        "select a, b, jaro_winkler_similarity(a, b), damerau_levenshtein(a, b) <= 1 from pair"
    ).fetchall()
    assert {is_near for *_, is_near in expected} == {True, False}
    for a, b, likeness, is_near in expected:
        assert jaro_winkler(a, b) == pytest.approx(likeness, abs=1e-9), (a, b)
        assert is_typo(a, b) is is_near, (a, b)
