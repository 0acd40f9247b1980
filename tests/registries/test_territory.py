"""Territory as a registry: editions side by side, and what became of each code."""

import pytest

from auyl import intake
from auyl.settings import Settings
from tests.reference import reference_file
from tests.registries.taken import Taken, assert_faults_are_judged, corrected


@pytest.fixture(scope="module")
def registry() -> str:
    """Of this module."""
    return "territory"


def test_broken_rows_are_found_and_good_ones_pass(taken_dirty: Taken) -> None:
    assert_faults_are_judged(taken_dirty)


def test_spoiled_names_and_codes_are_mended(taken_dirty: Taken, taken_clean: Taken) -> None:
    corrected(taken_dirty, taken_clean, {"kato": "kato", "name_ru": "name_ru", "name_kk": "name_kk"}, "kato")


def test_a_code_means_another_place_in_another_edition(taken_clean: Taken) -> None:
    places = {(row["kato"], row["edition"]): row for row in taken_clean.stage.values()}
    assert len(places) == len(taken_clean.stage) == taken_clean.result.rows_in
    edition = next(edition for _, edition in places if edition != "NK RK 11-2009")
    assert places["191000000", edition]["name_ru"] == "Қонаев Г.А."
    former = places["191000000", "NK RK 11-2009"]
    assert (former["name_ru"], former["became_kato"]) == ("Талдыкорган Г.А.", "331000000")
    kapchagai = places["191600000", "NK RK 11-2009"]
    assert (kapchagai["became_kato"], str(kapchagai["changed_on"])) == ("191000000", "2022-06-08")


def test_what_a_former_code_became_is_in_the_edition_that_followed(taken_clean: Taken) -> None:
    now = {row["kato"] for row in taken_clean.stage.values() if row["edition"] != "NK RK 11-2009"}
    former = [row for row in taken_clean.stage.values() if row["edition"] == "NK RK 11-2009"]
    left = {row["became_kato"] for row in former} - now
    assert left == {"331000000", "331010000"}, "Талдыкорган went to another oblast"
    assert any(row["kato"] != row["became_kato"] for row in former)


def test_the_official_file_loads_through_the_contract(settings: Settings) -> None:
    file = reference_file("kato/kato.csv")
    result = intake.load(intake.land_files("territory", "2026-10", [file], settings), settings)
    assert (result.status, result.rows_in, result.staged, result.quarantined) == ("accepted", 15_594, 15_594, 0)
