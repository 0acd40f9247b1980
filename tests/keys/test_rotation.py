"""Rotation of the hash key: no old key stays anywhere, no number moves, later extracts join with the same persons."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from auyl.errors import AuylError, HashKeyRefused
from auyl.identifiers import key_fingerprint
from auyl.intake import land_files, load
from auyl.keys.rotation import rotate, status
from auyl.keys.stored import UUID
from auyl.linkage.persons.link import link
from auyl.settings import REPOSITORY
from auyl.snapshot import build
from auyl.store import paths
from auyl.store.lake import Lake
from tests.keys.conftest import (
    LATER,
    NEW,
    OLD,
    PERIOD,
    PROBE,
    Rotated,
    ask,
    carried,
    keys_of_database,
    keys_of_lake,
    state_of,
    tables_with_keys,
    take_in_later,
    under,
)

pytestmark = pytest.mark.slow


def test_no_old_key_stays_in_lake_or_database(rotated: Rotated) -> None:
    assert len(rotated.old_keys) > 10_000
    left = rotated.old_keys & (keys_of_lake(rotated.settings) | keys_of_database(rotated.settings))
    assert left == set()
    assert not list((rotated.settings.home / "spill").iterdir())


def test_revisions_numbers_sets_and_decisions_stay(rotated: Rotated) -> None:
    assert state_of(rotated.settings) == rotated.before
    assert carried(rotated.settings, paths.LINKAGE) == Lake(rotated.settings.lake).files("linkage")
    assert build(PERIOD, rotated.settings).status == "unchanged"
    assert link(rotated.settings, PERIOD).status == "unchanged"
    assert state_of(rotated.settings) == rotated.before


def test_every_row_is_that_of_an_installation_which_never_had_another_key(rotated: Rotated) -> None:
    lakes = Lake(rotated.native.lake), Lake(rotated.settings.lake)
    compared = 0
    with duckdb.connect() as con:
        for zone in (zone for zone in paths.ZONES if zone.is_keyed):
            for file in carried(rotated.native, zone):
                folder, _, name = file.rpartition("/")
                native_file = f"{rotated.counterparts.get(folder, folder)}/{name}"
                native, turned = (
                    f"(from read_parquet('{lake.address(at)}'))"
                    for lake, at in zip(lakes, (file, native_file), strict=True)
                )
                for one, other in ((native, turned), (turned, native)):
                    differing = con.execute(f"select * from {one} except all from {other} limit 3").fetchall()
                    assert differing == [], file
                assert con.execute(f"describe {native}").fetchall() == con.execute(f"describe {turned}").fetchall()
                compared += 1
        (household,) = lakes[1].files("entity/household")
        within = f"select count(*) from '{lakes[1].address(household)}' where regexp_matches(others::varchar, '{UUID}')"
        assert con.execute(within).fetchall()[0][0] > 10  # keys within lists
    assert compared >= 17
    turned = tables_with_keys(rotated.settings)
    assert turned["person"] == rotated.native_tables["person"]
    assert turned["contradiction"] == rotated.native_tables["contradiction"] != []


def test_a_table_that_nobody_named_is_rotated_too(rotated: Rotated) -> None:
    record, person = rotated.pair
    ((key, text, jsonb, varchar, json_, keys),) = ask(
        rotated.settings, f"select k::text, t, j, v, o, l::text from {PROBE}"
    )
    ((new_record, new_person),) = ask(
        rotated.settings, "select record_key::text, person_key::text from ledger.link_decision"
    )
    assert (key, text, jsonb) == (new_person, f"text of {new_record} twice", {"a": [new_person]})
    assert (varchar, json_, keys) == (new_person, [new_record], f"{{{new_record},{new_person}}}")
    assert new_person != person and new_record != record
    # the reason of the decision quotes a key
    assert ask(rotated.settings, "select reason from ledger.link_decision") == [(f"not {new_person}, says the akim",)]


def test_a_pair_told_apart_stays_apart(rotated: Rotated) -> None:
    ((record, person),) = ask(rotated.settings, "select record_key::text, person_key::text from ledger.link_decision")
    ask(rotated.settings, "delete from ledger.link_run")  # so that all is weighed again
    result = link(rotated.settings, PERIOD)
    assert result.status == "linked"
    with duckdb.connect() as con:
        address = Lake(rotated.settings.lake).address(result.path or "")
        rows = con.execute(f"select person_key::varchar from '{address}' where record_key = '{record}'").fetchall()
    assert rows and all(key != person for (key,) in rows)


def test_an_extract_that_comes_later_joins_with_the_same_persons(rotated: Rotated, oblast: Path) -> None:
    stage = take_in_later(rotated.settings, oblast)
    ((population,),) = ask(rotated.settings, "select stage_path from ledger.batch_ranked where registry = 'population'")
    with duckdb.connect() as con:
        ((rows, known),) = con.execute(
            f"select count(*), count(p.person_key) from '{stage}' as d "
            f"left join '{Lake(rotated.settings.lake).address(population)}' as p using (person_key)"
        ).fetchall()
    assert known > 0.9 * rows > 100


def test_keyed_work_under_another_key_is_refused_in_words(rotated: Rotated, oblast: Path) -> None:
    wrong = under(rotated.settings, OLD)
    before = state_of(wrong)
    key_of_process, current = key_fingerprint(bytes.fromhex(OLD)), key_fingerprint(bytes.fromhex(NEW))
    delivery = land_files(LATER, PERIOD, sorted((oblast / LATER).iterdir()), wrong)
    for work in (
        lambda: build(PERIOD, wrong), lambda: link(wrong, PERIOD), lambda: load(delivery, wrong),
        lambda: rotate(wrong, under(wrong, "ab" * 32).hash_key_file, "test"),
    ):  # fmt: skip
        with pytest.raises(HashKeyRefused, match=f"expected the key {current}.*found {key_of_process}"):
            work()
    assert state_of(wrong) == before
    assert not status(wrong).holds and status(rotated.settings).holds
    assert (status(wrong).current_persons, status(rotated.settings).current_persons) == (0, 1000)


def test_the_same_rotation_again_changes_nothing(rotated: Rotated) -> None:
    for settings in (rotated.settings, under(rotated.settings, OLD)):
        assert rotate(settings, rotated.settings.hash_key_file, "again").status == "unchanged"


def test_an_unknown_zone_of_the_lake_ends_a_rotation(rotated: Rotated) -> None:
    Lake(rotated.settings.lake).write("novelty/2026-10/new.parquet", b"")
    with pytest.raises(AuylError, match="novelty"):
        rotate(rotated.settings, under(rotated.settings, OLD).hash_key_file, "test")
    Lake(rotated.settings.lake).remove("novelty")
    assert status(rotated.settings).holds


def test_killed_anywhere_it_leaves_the_old_or_the_new_state_and_again_it_ends(rotated: Rotated) -> None:
    settings = rotated.settings
    build(PERIOD, settings)  # with what came later
    before, keys = state_of(settings), keys_of_lake(settings) | keys_of_database(settings)
    environment = os.environ | {
        "AUYL_DSN": settings.dsn, "AUYL_LAKE": settings.lake, "AUYL_HOME": str(settings.home),
        "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    files = [str(settings.hash_key_file), str(under(settings, "ef" * 32).hash_key_file)]
    run = subprocess.run(
        [sys.executable, "-m", "tests.keys.kill_lab", *files],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    cases = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(cases) == 6 and {case["signal"] for case in cases} == {9}, run.stderr[-3000:]
    for case in cases:
        previous, target, point = case["killed"]["previous"], case["killed"]["target"], case["point"]
        if point.split()[0] in ("committed", "moved"):
            assert (previous["vault"], target["vault"]) == (0, 1), point
            assert "expected the key" in previous["build"] and "cut short" in target["build"], point
            assert case["status"] == "ended", point
        else:
            assert (previous["lake"], previous["vault"], previous["build"]) == (1, 1, "unchanged"), point
            assert "expected the key" in target["build"] and case["status"] == "rotated", point
        after = case["after"]
        assert (case["code"], after["work"], after["previous"]["lake"], after["previous"]["vault"]) == (0, 0, 0, 0), (
            point
        )
        assert after["target"] == {"lake": 1, "vault": 1, "build": "unchanged"}, point
    assert state_of(settings) == before
    assert keys_of_lake(settings) | keys_of_database(settings) == keys  # there and back again, three times


def test_keys_whose_numbers_are_gone_are_refused_and_keep_together_when_allowed(rotated: Rotated) -> None:
    settings, lake = rotated.settings, Lake(rotated.settings.lake)
    ((owners,),) = ask(settings, "select stage_path from ledger.batch_ranked where registry = 'livestock'")
    ((raw,),) = ask(settings, "select raw_path from ledger.batch_ranked where registry = 'livestock'")
    counted = f"select count(owner_key), count(distinct owner_key) from '{lake.address(owners)}'"
    with duckdb.connect() as con:
        (before,) = con.execute(counted).fetchall()
    files = state_of(settings)
    shutil.move(lake.address(raw), settings.home / "raw gone")
    to = under(settings, "ab" * 32).hash_key_file
    with pytest.raises(AuylError, match=r"keys of persons .* have none"):
        rotate(settings, to, "test")
    assert state_of(settings) == files and status(settings).holds
    old_keys = keys_of_lake(settings)
    done = rotate(settings, to, "test", allow_orphans=True)
    assert done.orphans > 0
    assert old_keys & keys_of_lake(settings) == set()
    with duckdb.connect() as con:
        assert con.execute(counted).fetchall() == [before]
