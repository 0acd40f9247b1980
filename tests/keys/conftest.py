"""A small oblast taken in, linked, decided on and compared, under one key and, apart from that, under another."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest

from auyl import intake, pipeline
from auyl.keys.rotation import rotate
from auyl.keys.stored import UUID
from auyl.linkage.contradictions.compute import compute
from auyl.linkage.entities.build import build as build_entities
from auyl.linkage.persons.link import link
from auyl.linkage.persons.review import decide
from auyl.settings import Settings
from auyl.snapshot import build
from auyl.store import paths
from auyl.store.lake import Lake
from auyl.store.schema import SCHEMAS
from auyl.territory.reference import load_territory
from lab import CORE_REGISTRIES, synthetic
from tests.conftest import fresh_installation

PERIOD = "2026-10"
PEOPLE = 12_000
OLD, NEW = "11" * 32, "c5" * 32
# Not in the snapshot: it comes after the rotation.
LATER = "disability"
DIRT = {"iin_missing": 0.015, "iin_bad_checksum": 0.015, "iin_short": 0.015, "birth_date_disagrees": 0.01}
# A household's claims have keys in values and within lists.
KINDS = ("person", "animal", "household")
BOOKS = ("household_book", "family_card")
# What a new table of the project could look like: keys as they are, within a text, within JSON.
PROBE = "serving.probe_of_rotation"


@dataclass(frozen=True)
class Rotated:
    """An installation after its rotation, what it held before, and one that never had another key."""

    settings: Settings
    before: dict[str, Any]
    old_keys: set[str]
    pair: tuple[str, str]
    steps: list[str]
    native: Settings
    native_tables: dict[str, list[tuple[Any, ...]]]
    counterparts: dict[str, str]


@pytest.fixture(scope="session")
def oblast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts in which many numbers are missing or mistyped."""
    folder = tmp_path_factory.mktemp("oblast")
    synthetic.make(folder, PERIOD, PEOPLE, dirt=DIRT)
    for other in (folder / PERIOD).iterdir():
        if other.is_dir() and other.name not in (*CORE_REGISTRIES, *BOOKS, LATER):
            shutil.rmtree(other)
    (folder / PERIOD / LATER).rename(folder / LATER)
    return folder


def taken_in(dsn: str, folder: Path, oblast: Path, key: str) -> Settings:
    """The oblast published under `key`, with entities and contradictions."""
    settings = fresh_installation(dsn, folder)
    settings.hash_key_file.write_text(key)
    reference = oblast / "reference"
    load_territory(settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", None)
    assert pipeline.run(settings, PERIOD, oblast, say=lambda _: None).status == "published"
    build_entities(PERIOD, settings, KINDS)
    compute(PERIOD, settings)
    return settings


def under(settings: Settings, key: str) -> Settings:
    """The same installation with another key in a file of its own."""
    file = settings.home / f"{key[:4]}.key"
    file.write_text(key)
    return replace(settings, hash_key_file=file)


def ask(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    con = psycopg2.connect(settings.dsn)
    try:
        with con, con.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        con.close()


def keys_of_database(settings: Settings) -> set[str]:
    """Every uuid anywhere in a table of the project."""
    tables = ask(
        settings,
        "select format('%I.%I', table_schema, table_name) from information_schema.tables "
        f"where table_schema = any(array{list(SCHEMAS)}) and table_type = 'BASE TABLE'",
    )
    found: set[str] = set()
    for (table,) in tables:
        rows = ask(
            settings, f"select distinct m.met[1] from {table} as t, regexp_matches(t::text, '{UUID}', 'g') as m (met)"
        )
        found |= {key for (key,) in rows}
    return found


def keys_of_lake(settings: Settings) -> set[str]:
    """Every uuid anywhere in a Parquet file of the lake, without those that registries sent."""
    lake = Lake(settings.lake)
    unkeyed = {zone.name for zone in paths.ZONES if not zone.is_keyed and zone != paths.ROTATION}
    return uuids_in(lake, sorted(set(lake.zones()) - unkeyed)) - uuids_in(lake, ["raw"])


def uuids_in(lake: Lake, zones: list[str]) -> set[str]:
    found: set[str] = set()
    with duckdb.connect() as con:
        for file in (f for zone in zones for f in lake.files(zone) if f.endswith(".parquet")):
            rows = con.execute(
                f"select distinct unnest(regexp_extract_all(t::varchar, '{UUID}')) "
                f"from read_parquet('{lake.address(file)}') as t"
            ).fetchall()
            found |= {key for (key,) in rows}
    return found


def tables_with_keys(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "person": ask(settings, "select person_key::text, iin, surname from vault.person order by 1"),
        "contradiction": ask(settings, "select * from serving.contradiction order by type_id, subject_key"),
        "review": ask(
            settings,
            "select period, record_key::text, person_key::text, record::text, person::text from vault.link_review "
            "order by record_key, person_key",
        ),
    }


def state_of(settings: Settings) -> dict[str, Any]:
    """What must not move: revisions with their content, numbers, sets, decisions."""
    return {
        "snapshots": ask(settings, "select period, revision, content_sha256, inputs_digest from serving.snapshot"),
        "values": ask(settings, "select * from serving.snapshot_value order by 1, 2, 3, 4"),
        "batches": ask(settings, "select * from ledger.batch order by 1"),
        "sets": ask(settings, "select * from ledger.entity_set order by 1"),
        "runs": ask(settings, "select * from ledger.link_run order by 1"),
        "decisions": ask(settings, "select decision_id, is_same, decided_by, decided_at from ledger.link_decision"),
        "files": {zone.name: carried(settings, zone) for zone in paths.ZONES if zone.is_keyed},
    }


def carried(settings: Settings, zone: paths.Zone) -> list[str]:
    """Files of a zone of the lake, without files that earlier versions left."""
    return [file for file in Lake(settings.lake).files(zone.name) if not paths.is_obsolete(file)]


def made_of_links(settings: Settings) -> list[str]:
    """Folders whose names rest on the keys of links: core of the first revision, the first set of each kind."""
    core = ask(settings, "select 'core/' || period || '/' || left(inputs_digest, 16) from serving.snapshot")
    sets = ask(settings, "select replace(path, '/attribute.parquet', '') from ledger.entity_set order by kind, set_id")
    return [path for (path,) in core + sets]


def a_weighed_pair(settings: Settings) -> tuple[str, str]:
    lake = Lake(settings.lake)
    with duckdb.connect() as con:
        ((record, person),) = con.execute(
            f"select record_key::varchar, person_key::varchar from '{lake.address(link(settings, PERIOD).path or '')}' "
            "where method = 'weighed' and outcome = 'link' order by _file, _record limit 1"
        ).fetchall()
    return record, person


@pytest.fixture(scope="module")
def rotated(dsn: str, oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Rotated:
    """Loaded under the old key, a pair decided apart, built again, and rotated to the new one."""
    native = taken_in(dsn, tmp_path_factory.mktemp("native"), oblast, NEW)
    native_tables, native_folders = tables_with_keys(native), made_of_links(native)
    settings = taken_in(dsn, tmp_path_factory.mktemp("installation"), oblast, OLD)
    counterparts = dict(zip(native_folders, made_of_links(settings), strict=True))
    pair = a_weighed_pair(settings)
    decide(settings, *pair, False, f"not {pair[1]}, says the akim")
    build(PERIOD, settings)
    ask(settings, f"create table {PROBE} (k uuid, t text, j jsonb, v varchar, o json, l uuid[])")
    ask(
        settings,
        f"insert into {PROBE} values ('{pair[1]}', 'text of {pair[0]} twice', '{{\"a\": [\"{pair[1]}\"]}}', "
        f"'{pair[1]}', '[\"{pair[0]}\"]', array['{pair[0]}', '{pair[1]}']::uuid[])",
    )
    old_keys = keys_of_lake(settings) | keys_of_database(settings)
    before = state_of(settings)
    Lake(settings.lake).write("linkage/known/left_by_an_earlier_version.bin", b"hashes under the old key")
    steps: list[str] = []
    done = rotate(settings, under(settings, NEW).hash_key_file, "test", say=steps.append)
    assert (done.status, done.orphans) == ("rotated", 0)
    return Rotated(under(settings, NEW), before, old_keys, pair, steps, native, native_tables, counterparts)


def take_in_later(settings: Settings, oblast: Path) -> str:
    """Load the extract that came after the rotation; its stage."""
    files = sorted((oblast / LATER).iterdir())
    result = intake.load(intake.land_files(LATER, PERIOD, files, settings), settings)
    assert result.accepted, result.refusal
    ((path,),) = ask(settings, f"select stage_path from ledger.batch where batch_id = {result.batch_id}")
    return Lake(settings.lake).address(path)
