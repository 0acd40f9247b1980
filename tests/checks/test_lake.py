"""What the ledger names is in the lake with its bytes or its rows; what is lost is said, with what to do about it."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from auyl import intake, ledger
from auyl.checks.lake import check_lake
from auyl.intake.reload import reload
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.lake import Lake
from tests.extracts import PERIOD, iin, person, population_xml, social_csv, social_row
from tests.test_cli import Auyl

BAD = "123456789012"
WHY = ledger.Decision("made again", "tests")


def take_in(settings: Settings) -> tuple[intake.BatchResult, intake.BatchResult]:
    files = {
        "social_assistance": social_csv([*(social_row(n) for n in range(1, 41)), social_row(50, ИИН=BAD)]),
        "population": population_xml([*(person(n) for n in range(1, 41)), person(50, iin=BAD)]),
    }
    results = []
    for registry, content in files.items():
        file = settings.home / f"{registry}.{'csv' if registry == 'social_assistance' else 'xml'}"
        file.write_bytes(content)
        results.append(intake.load(intake.land_files(registry, PERIOD, [file], settings), settings))
    return results[0], results[1]


def test_each_kind_of_loss_is_named_and_made_good(settings: Settings) -> None:
    social, population = take_in(settings)
    intake.write_handback(settings, "social_assistance")
    lake = Lake(settings.lake)
    whole = check_lake(settings)
    assert (whole.faults, whole.unnamed) == ([], {})
    assert [(s.registry, s.deliveries, s.files, s.parts, s.faults) for s in whole.registries[:2]] == [
        ("population", 1, 1, 4, 0), ("social_assistance", 1, 1, 4, 0),
    ]  # fmt: skip

    batch = ledger.batch(settings, int(social.batch_id or 0))
    of_population = ledger.batch(settings, int(population.batch_id or 0))
    landed = f"{ledger.delivery(settings, social.delivery_id).landing_path}/social_assistance.csv"
    content = lake.read(landed)
    shorter = f"copy (from '{lake.address(batch.stage_path)}' limit 39) to '{lake.address('short.parquet')}'"
    duckdb.execute(shorter)
    shutil.move(lake.address("short.parquet"), lake.address(batch.stage_path))
    lake.write(str(batch.linkable_path), b"no Parquet")
    lake.remove(paths.folder_of(batch.quarantine_path))
    lake.remove(batch.raw_path)
    lake.remove(paths.folder_of(paths.identity_file(of_population.name)))
    lake.write(landed, content[:-1] + b"!")
    lake.write(f"raw/social_assistance/{PERIOD}/0123456789abcdef-01234567/part-0001.parquet", b"left")
    lake.write(f"landing/social_assistance/{PERIOD}/incoming/s.csv", b"left")

    found = check_lake(settings)
    assert found.unnamed == {"raw": 1, "landing": 1}
    again = f"auyl reload social_assistance --period {PERIOD}"
    load = f"loading the same bytes: auyl intake social_assistance FILES --period {PERIOD}"
    for words, what_to_do in (
        (f"lost identity {paths.identity_file(of_population.name)}", "Make it again: auyl reload population"),
        (f"damaged landing {landed}: expected sha256", load),
        (f"damaged linkable {batch.linkable_path}: expected 1 rows, found one that is no Parquet", again),
        (f"lost quarantine {batch.quarantine_path}", again),
        (f"lost raw {batch.raw_path}", again),
        (f"damaged stage {batch.stage_path}: expected 40 rows, found 39. Remove it", again),
    ):
        assert [words in line and what_to_do in line for line in found.faults].count(True) == 1, (words, found.faults)
    assert len(found.faults) == 6
    assert not any(iin(number) in line or BAD in line for number in range(1, 41) for line in found.faults)
    assert [len(check_lake(settings, name).faults) for name in ("population", "social_assistance")] == [1, 5]

    auyl = Auyl.of(settings)
    printed = auyl("check", "--lake", "social_assistance", code=1)
    assert "lost raw" in printed and "social_assistance           1      1" in printed

    for path in (batch.stage_path, str(batch.linkable_path)):
        Path(lake.address(path)).unlink()
    intake.land_files("social_assistance", PERIOD, [settings.home / "social_assistance.csv"], settings)
    assert {result.status for result in reload(settings, WHY)} == {"accepted"}
    assert check_lake(settings).faults == []
    assert "no faults" in auyl("check", "--lake")
    Path(lake.address(landed)).unlink()
    (lost,) = check_lake(settings).faults
    assert f"lost landing {landed}" in lost and load in lost


def test_a_lake_that_is_no_folder_is_compared_too(settings: Settings) -> None:
    remote = replace(settings, lake=f"memory://{settings.home}/lake")
    social, _ = take_in(remote)
    assert check_lake(remote).faults == []
    Lake(remote.lake).remove(paths.folder_of(ledger.batch(remote, int(social.batch_id or 0)).stage_path))
    (fault,) = check_lake(remote).faults
    assert "lost stage stage/social_assistance/" in fault


@pytest.mark.parametrize("kind", ["core", "linkage", "entity", "contradiction"])
def test_a_lost_set_that_is_current_is_named(settings: Settings, kind: str) -> None:
    from sqlalchemy import text

    from auyl.store.postgres import transaction

    rows = {
        "core": "insert into serving.snapshot (period, revision, edition, inputs_digest, content_sha256) "
        "values ('2026-10', 1, 'e', '0123456789abcdef0', 'c'); "
        "insert into serving.current_snapshot (period, revision, edition) values ('2026-10', 1, 'e')",
        "linkage": "insert into ledger.link_run (period, inputs_digest, path, records, linked, reviewed) "
        "values ('2026-10', 'd', 'linkage/2026-10/0123456789abcdef/link.parquet', 1, 1, 0)",
        "entity": "insert into ledger.entity_set (kind, period, inputs_digest, batches_digest, path, entities, "
        "attributes, disputed, size_bytes) "
        "values ('person', '2026-10', 'd', 'd', 'entity/person/2026-10/0123456789abcdef/a.parquet', 1, 1, 0, 1)",
        "contradiction": "insert into serving.contradiction_set (period, inputs_digest, edition, lake_path, "
        "contradictions) values ('2026-10', 'd', 'e', 'contradiction/2026-10/0123456789abcdef/c.parquet', 1)",
    }
    with transaction(settings) as con:
        con.execute(text(rows[kind]))
    (fault,) = check_lake(settings).faults
    assert fault.startswith(f"2026-10: lost {kind} {kind}/") and ("Make it again" in fault or kind == "core")
