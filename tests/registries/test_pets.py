"""Pets: chips of registered dogs and cats, their owners and what became of them."""

from collections import Counter

import pytest

from auyl.identifiers import keyed_hash
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.registries.taken import Taken, assert_faults_are_judged, corrected


@pytest.fixture(scope="module")
def registry() -> str:
    """Of this module."""
    return "pets"


def test_broken_rows_are_found_and_good_ones_pass(taken_dirty: Taken) -> None:
    assert_faults_are_judged(taken_dirty)


def test_spoiled_codes_and_names_are_mended(taken_dirty: Taken, taken_clean: Taken) -> None:
    corrected(taken_dirty, taken_clean, {"КАТО": "kato", "Населенный пункт": "settlement_name"}, "chip")


def test_every_pet_is_typed_and_belongs_to_a_living_person_of_its_settlement(
    taken_clean: Taken, settings: Settings
) -> None:
    from uuid import UUID

    home = {
        UUID(keyed_hash(p["iin"], settings.hash_key)): p["settlement_kato"]
        for p in taken_clean.oblast.persons()
        if p["is_alive"]
    }
    assert len(taken_clean.stage) == taken_clean.result.rows_in
    for row in taken_clean.stage.values():
        assert home[row["owner_key"]] == row["kato"]
        assert row["registered_on"] >= row["birth_date"]
        assert row["registered_on"].isoformat() >= "2023-09-01"
        assert row["is_sterilised"] is not None
        assert (row["status"] == "alive") == (row["status_on"] is None)
    assert {row["species"] for row in taken_clean.stage.values()} == {"dog", "cat"}
    assert Counter(row["status"] for row in taken_clean.stage.values()).keys() == {"alive", "lost", "dead"}


def test_stage_says_no_owner(taken_clean: Taken) -> None:
    columns = set(next(iter(taken_clean.stage.values())))
    assert not columns & {"owner_iin", "owner_phone", "owner_address"}


def test_rows_as_they_came_lie_in_identity(taken_dirty: Taken) -> None:
    files = [path for path in Lake(taken_dirty.settings.lake).files("") if path.endswith(".parquet")]
    zones = {tuple(path.split("/")[:2]) for path in files if "pets" in path}
    assert zones == {("stage", "pets"), ("identity", "raw"), ("identity", "quarantine")}
