"""The lake as object storage: the same snapshot, nothing on the local disk. S3 is moto's server, over real HTTP."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from sqlalchemy import text

from auyl import pipeline
from auyl.intake.quarantine import quarantine
from auyl.keys.rotation import rotate
from auyl.settings import Settings
from auyl.snapshot import BuildResult
from auyl.store.lake import Lake
from auyl.store.postgres import engine
from auyl.territory.reference import load_territory
from tests.conftest import Once, empty_tables
from tests.snapshot.conftest import core_registries

PERIOD = "2026-10"
BUCKET = "auyl-lake"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of an empty bucket."""
    from moto.moto_api._internal.models import moto_api_backend
    from moto.server import ThreadedMotoServer

    moto_api_backend.reset()  # its objects outlive the server in this process
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "lake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # a cached one has a previous address
    fsspec.filesystem("s3").mkdir(BUCKET)
    yield f"s3://{BUCKET}"
    server.stop()


def take_in_and_build(settings: Settings, extracts: Path) -> BuildResult:
    reference = extracts / "reference"
    load_territory(settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", None)
    return pipeline.run(settings, PERIOD, extracts, say=lambda _: None)


def state(settings: Settings) -> tuple[list[Any], list[Any]]:
    """What is published, and the accounts of the batches."""
    with engine(settings.dsn).connect() as con:
        content = con.execute(text("select content_sha256 from serving.snapshot")).all()
        accounts = (
            "select registry, digest, rows_in, staged, linkable, quarantined, duplicates, raw_path "
            "from ledger.batch_ranked"
        )
        return list(content), sorted(con.execute(text(accounts)).all())


@pytest.mark.slow
def test_a_lake_in_object_storage_gives_the_same_snapshot(settings: Settings, bucket: str, once: Once) -> None:
    extracts, _ = once("core_registries", core_registries)
    assert take_in_and_build(settings, extracts).status == "published"
    in_a_folder, files = state(settings), Lake(settings.lake).files("")
    empty_tables(settings.dsn)
    shutil.rmtree(settings.lake)

    remote = replace(settings, lake=bucket)
    assert take_in_and_build(remote, extracts).status == "published"
    assert state(remote) == in_a_folder
    assert Lake(bucket).files("") == files
    assert not Path(settings.lake).exists() and not any((settings.home / "spill").iterdir())
    assert take_in_and_build(remote, extracts).status == "unchanged"

    # landed bytes are asked for again when somebody looks at a row
    rejected = quarantine(remote, "population", PERIOD, 3)
    assert len(rejected) == 3 and rejected["_line"].notna().all()

    key = settings.home / "another.key"
    key.write_text("ab" * 32)
    files = Lake(bucket).files("")
    assert rotate(remote, key, "test").status == "rotated"
    assert Lake(bucket).files("") == files
    assert take_in_and_build(replace(remote, hash_key_file=key), extracts).status == "unchanged"


def test_moving_a_folder_replaces_what_a_killed_process_left_there(bucket: str) -> None:
    lake = Lake(bucket)
    lake.write("incoming/a/new", b"1")
    lake.write("target/left", b"0")
    lake.move("incoming", "target")
    assert lake.files("") == ["target/a/new"] and lake.read("target/a/new") == b"1"
    assert not lake.exists("incoming")
    Lake(bucket).write("target/second", b"2")  # as another process
    assert lake.files("target") == ["target/a/new", "target/second"]
