"""Address register: every home of the population register has its code and its settlement."""

import csv

import pytest

from tests.registries.taken import Taken, assert_faults_are_judged, corrected


@pytest.fixture(scope="module")
def registry() -> str:
    """Of this module."""
    return "address_register"


def test_broken_rows_are_found_and_good_ones_pass(taken_dirty: Taken) -> None:
    assert_faults_are_judged(taken_dirty)


def test_codes_that_went_through_a_spreadsheet_are_mended(taken_dirty: Taken, taken_clean: Taken) -> None:
    corrected(taken_dirty, taken_clean, {"cato": "kato"}, "rca")


def test_every_code_of_population_lies_in_its_settlement(taken_clean: Taken) -> None:
    places = {row["rca"]: row["kato"] for row in taken_clean.stage.values()}
    settlement = {p["iin"]: p["settlement_kato"] for p in taken_clean.oblast.persons()}
    homes = taken_clean.oblast.rows("population").values()
    assert homes
    for person in homes:
        assert places[person["regAddress/arCode"] or ""] == settlement[person["iin"] or ""]


def test_it_holds_what_the_reference_file_of_the_resolver_holds(taken_clean: Taken) -> None:
    with (taken_clean.oblast.extracts / "reference" / "address.csv").open(encoding="utf-8", newline="") as file:
        reference = {row["rca"]: row["kato"] for row in csv.DictReader(file)}
    assert {row["rca"]: row["kato"] for row in taken_clean.stage.values()} == reference
    assert {row["status"] for row in taken_clean.stage.values()} == {"current", "abolished"}


def test_stage_says_no_street_and_no_house(taken_clean: Taken) -> None:
    columns = set(next(iter(taken_clean.stage.values())))
    assert not columns & {"street_name", "building", "flat"}
