"""What the readers of the fuzz must see: where they read less than is there, a right reading counts as a fault."""

from __future__ import annotations

import pytest

from auyl import contracts
from auyl.settings import Settings
from tests.extracts import iin, person, population_xml
from tests.formats.fuzz import books, readers, values
from tests.formats.fuzz.values import Cell

PEOPLE = population_xml([person(1), person(2)])


def numbers(settings: Settings, content: bytes) -> list[str | None]:
    """The ИИН of each record; None for one that cannot be parsed."""
    contract = contracts.load("population", settings.include)
    at = [column.name for column in contract.columns].index("iin")
    records = readers.records(contract, content)
    return [None if one.cells is None else (one.cells[at] or Cell("")).text for one in records]


@pytest.mark.parametrize(
    ("heading", "other"),
    [("finished_at", "FINISHED_AT"), ("mo_bin", "МО_ВІN"), ("UCHASTOK", "uchastok"), ("Этаж", "ЭТАЖ")],
)
def test_a_heading_is_the_same_in_capitals_and_in_letters_that_look_alike(heading: str, other: str) -> None:
    assert readers.heading(heading) == readers.heading(other)


@pytest.mark.parametrize(
    "broken",
    [
        PEOPLE.replace(b"<surname>", b'<surname k:nil="true">', 1),
        PEOPLE.replace(b"<surname>", b'<surname nil<"true">', 1),
        PEOPLE.replace(b"<surname>", b"<surname nil=true>", 1),
    ],
)
def test_a_record_is_read_whose_attributes_are_broken(settings: Settings, broken: bytes) -> None:
    assert numbers(settings, broken) == [iin(1), iin(2)]


@pytest.mark.parametrize("broken", [b"<surname>\xd0N", b"<surname>\x0b", b"<surname>&nbsp;", b"<surname><a>"])
def test_a_record_is_none_whose_text_is_no_xml(settings: Settings, broken: bytes) -> None:
    assert numbers(settings, PEOPLE.replace(b"<surname>", broken, 1)) == [None, iin(2)]


def test_a_number_of_thousands_of_digits_is_no_integer_and_no_error(settings: Settings) -> None:
    housing = contracts.load("housing", settings.include)
    column = next(column for column in housing.columns if column.type == "integer")
    assert values.read(column, Cell("9" * 30_000)).values == ()
    assert values.read(column, Cell("1E+9999", values.NUMBER)).values == ()
    assert values.read(column, Cell("0" * 30_000 + "7")).values == (7,)
    cell = books.number_cell("1E+9999", 0, "", False)
    assert cell is not None and cell.text == "1E+9999"
