"""Veterinary events: journals that agree with the registries of animals, pets and persons that they name."""

from collections import Counter
from datetime import date

import pytest

from tests.registries.taken import Taken, assert_faults_are_judged, corrected


@pytest.fixture(scope="module")
def registry() -> str:
    """Of this module."""
    return "veterinary_events"


def test_broken_rows_are_found_and_good_ones_pass(taken_dirty: Taken) -> None:
    assert_faults_are_judged(taken_dirty)


def test_spoiled_codes_and_numbers_are_mended(taken_dirty: Taken, taken_clean: Taken) -> None:
    columns = {
        "КАТО": "kato", "ИНЖ / чип": "animal_number", "Населенный пункт": "settlement_name", "Район": "district_name"
    }  # fmt: skip
    corrected(taken_dirty, taken_clean, columns, "event_number")


def test_cyrillic_letters_in_a_number_are_read_as_the_latin_ones(taken_dirty: Taken) -> None:
    spoiled = [f for f in taken_dirty.oblast.faults("veterinary_events") if f["kind"] == "homoglyph"]
    assert spoiled
    for fault in spoiled:
        assert not fault["became"].isascii()
        assert taken_dirty.stage[fault["file"], fault["record"]]["animal_number"] == fault["was"]


def test_treatments_are_those_that_livestock_shows_for_the_month(taken_clean: Taken) -> None:
    def day(text: str | None) -> date | None:
        return date(*map(int, reversed(text.split(".")))) if text else None

    animals = {row["ИНЖ"]: row for row in taken_clean.oblast.rows("livestock").values()}
    month = date(2026, 10, 1)
    wanted = {
        ("vaccination", tag) for tag, row in animals.items() if (day(row["Дата вакцинации"]) or date.min) >= month
    }
    wanted |= {
        ("test", tag)
        for tag, row in animals.items()
        if (day(row["Дата исследования на бруцеллез"]) or date.min) >= month
    }
    events = [row for row in taken_clean.stage.values() if row["kind"] in ("vaccination", "test")]
    assert {(row["kind"], row["animal_number"]) for row in events} == wanted
    results = {"отрицательный": "negative", "положительный": "positive"}
    for row in events:
        animal = animals[row["animal_number"]]
        if row["kind"] == "vaccination":
            assert (row["done_on"], row["result"]) == (day(animal["Дата вакцинации"]), "done")
        else:
            assert row["done_on"] == day(animal["Дата исследования на бруцеллез"])
            assert row["result"] == results[animal["Результат исследования"] or ""]


def test_a_chip_is_that_of_a_registered_pet_and_a_catch_answers_a_request(taken_clean: Taken) -> None:
    pets = {row["Номер чипа"]: row for row in taken_clean.oblast.rows("pets").values()}
    rows = list(taken_clean.stage.values())
    assert all(row["animal_number"] in pets for row in rows if (row["animal_number"] or "").startswith("398"))
    requests = {row["event_number"]: row for row in rows if row["kind"] == "catch_request"}
    catches = [row for row in rows if row["kind"] == "catch"]
    assert catches
    for row in catches:
        if row["request_number"] is None:
            assert pets[row["animal_number"]]["Статус"] == "утерян"
        else:
            request = requests[row["request_number"]]
            assert (request["result"], request["done_on"]) == ("fulfilled", row["done_on"])
    assert Counter(row["kind"] for row in rows).keys() == {
        "vaccination", "test", "focus", "catch_request", "catch", "bite"
    }  # fmt: skip
