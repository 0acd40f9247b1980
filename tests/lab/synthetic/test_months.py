"""From month to month persons, organisations, pets, plots and addresses change only by dated events."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lab.synthetic import people, territory
from lab.synthetic.engine import Month, connect

PERIODS = ("2026-10", "2026-11", "2026-12")
Table = dict[int, dict[str, Any]]
Read = Callable[[str, str, str], list[Table]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Reads a table for each month: rows by a key."""
    folder = tmp_path_factory.mktemp("months")
    land = territory.make(folder)
    months: list[duckdb.DuckDBPyConnection] = []
    for period in PERIODS:
        con = connect(Month(period), 8_000, 19, Path(folder) / period)
        people.build(con, land)
        months.append(con)

    def rows(table: str, key: str, columns: str) -> list[Table]:
        names = [name.strip() for name in columns.split(",")]
        query = f"select {key}, {columns} from {table}"
        return [
            {row[0]: dict(zip(names, row[1:], strict=True)) for row in con.execute(query).fetchall()} for con in months
        ]

    yield rows
    for con in months:
        con.close()


def pairs(months: list[Table]) -> Iterator[tuple[Table, Table, str]]:
    """Each month with the next one, and the period of the latter."""
    yield from zip(months, months[1:], PERIODS[1:], strict=False)


def test_persons_keep_their_number_name_and_birth_date(read: Read) -> None:
    events = "wedding_month, parting_month, renaming_month"
    constant = "iin, name, patronymic, birth_date, sex"
    months = read("person", "i", f"{constant}, surname, is_dead, place_id, rca, begin_date, {events}")
    for earlier, later, period in pairs(months):
        both = earlier.keys() & later.keys()
        assert len(both) > 0.99 * len(earlier)
        for i in both:
            for column in constant.split(", "):
                assert earlier[i][column] == later[i][column]
            if earlier[i]["surname"] != later[i]["surname"]:
                changes = {later[i][event] for event in events.split(", ")}
                assert Month(period).index in changes, (
                    "a surname changes in the month of a wedding, parting or renaming"
                )
            assert later[i]["is_dead"] or not earlier[i]["is_dead"]
            if earlier[i]["rca"] != later[i]["rca"]:
                assert f"{later[i]['begin_date']:%Y-%m}" == period, "registration changes in the month of the move"
            else:
                assert earlier[i]["place_id"] == later[i]["place_id"]
        assert {f"{later[i]['birth_date']:%Y-%m}" for i in later.keys() - earlier.keys()} == {period}


def test_organisations_keep_their_number_and_only_close(read: Read) -> None:
    months = read("organisation", "org", "kind, number, name_ru, oked, place_id, registered_on, closed_on")
    for earlier, later, period in pairs(months):
        both = earlier.keys() & later.keys()
        assert len(both) > 0.98 * len(earlier)
        for org in both:
            same = {name for name in earlier[org] if earlier[org][name] == later[org][name]}
            changed = earlier[org].keys() - same
            if later[org]["kind"] == "sole_trader" or changed == {"name_ru"}:
                # led by the head of a household, who may have died
                changed -= {"number", "name_ru"}
            assert changed <= {"closed_on"}
            if changed:
                assert earlier[org]["closed_on"] is None
                assert f"{later[org]['closed_on']:%Y-%m}" == period
        opened = [later[org] for org in later.keys() - earlier.keys()]
        assert all(f"{row['registered_on']:%Y-%m}" == period for row in opened)


def test_plots_keep_their_number_place_and_area(read: Read) -> None:
    months = read("parcel", "parcel", "place_id, kind, area_ha, cadastral_number")
    for earlier, later, _ in pairs(months):
        both = earlier.keys() & later.keys()
        assert len(both) > 0.98 * len(earlier)
        assert all(earlier[parcel] == later[parcel] for parcel in both)


def test_addresses_are_the_same(read: Read) -> None:
    first, *rest = read("address", "dwelling", "rca, kato, place_id")
    assert first
    assert all(month == first for month in rest)


def test_pets_keep_their_chip_and_their_events_are_dated_in_the_month(read: Read) -> None:
    months = read(
        "pet", "key", "chip, species, is_male, born, registered_on, vaccinated_on, is_sterilised, status, status_on, hh"
    )
    for earlier, later, period in pairs(months):
        both = earlier.keys() & later.keys()
        assert len(both) > 0.9 * len(earlier)
        for key in both:
            one, other = earlier[key], later[key]
            for column in ("chip", "species", "is_male", "born", "registered_on", "hh"):
                assert one[column] == other[column]
            assert other["is_sterilised"] or not one["is_sterilised"]
            if one["status"] != other["status"]:
                assert one["status"] == "alive" and f"{other['status_on']:%Y-%m}" == period
            if one["vaccinated_on"] != other["vaccinated_on"]:
                assert f"{other['vaccinated_on']:%Y-%m}" == period
        # a new pet was registered this month, or the first adult of its household turned 18
        new = [later[key] for key in later.keys() - earlier.keys()]
        assert sum(f"{pet['registered_on']:%Y-%m}" == period for pet in new) >= 0.8 * len(new)


def test_animals_keep_their_owner_place_and_the_days_of_their_treatments(read: Read) -> None:
    months = read("animal", "life_key", "tag, born, place_id, vaccinated_on, tested_on, is_positive")
    for earlier, later, period in pairs(months):
        both = earlier.keys() & later.keys()
        assert len(both) > 0.9 * len(earlier)
        for row in later.values():
            assert max(row["vaccinated_on"] or date.min, row["tested_on"] or date.min) <= Month(period).as_of
        moved = 0
        for key in both:
            one, other = earlier[key], later[key]
            assert (one["tag"], one["born"]) == (other["tag"], other["born"])
            moved += one["place_id"] != other["place_id"]
            for column in ("vaccinated_on", "tested_on"):
                if one[column] != other[column]:
                    assert f"{other[column] or date.min:%Y-%m}" == period
            if one["tested_on"] == other["tested_on"]:
                assert one["is_positive"] == other["is_positive"]
        assert moved < 0.02 * len(both)
