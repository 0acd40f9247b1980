"""Types: every accepted spelling, through the views that the scan reads."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from auyl.contracts import Column, Contract
from auyl.contracts.model import read
from auyl.settings import REPOSITORY
from auyl.stage.types import typed_cells
from auyl.store.duck import identifier

INCLUDE = REPOSITORY / "include"
PAGE = REPOSITORY / "docs" / "contracts.md"
EXAMPLE = re.compile(r"\| (\w+) \| `(.+)` \| ?(.*?) ?\|")


def contract_of(kind: str, format: str = "csv", decimals: int = 2) -> Contract:
    """A contract with one column `cell`."""
    is_code = kind == "code"
    column = Column("cell", "cell", "string" if is_code else kind, True, (), "internal", is_code, None, decimals)
    return replace(read(INCLUDE / "contracts" / "pets.odcs.yaml"), format=format, columns=(column,))


def read_cells(
    con: duckdb.DuckDBPyConnection, kind: str, texts: list[str | None], format: str = "csv", decimals: int = 2
) -> list[tuple[Any, str | None]]:
    """Value and text of each cell of a column."""
    contract = contract_of(kind, format, decimals)
    con.execute("create or replace temp table given (cell varchar, _file varchar, _record bigint)")
    con.executemany("insert into given values (?, 'f', ?)", [[text, n] for n, text in enumerate(texts)])
    query = typed_cells(con, contract, "given").query
    return con.execute(f"select cell, {identifier('cell__text')} from ({query}) order by _record").fetchall()


def read_cell(con: duckdb.DuckDBPyConnection, kind: str, text: str | None, format: str = "csv") -> Any:
    """The value of a lone cell."""
    ((value, _),) = read_cells(con, kind, [text], format)
    return value


def examples() -> list[tuple[str, str, str]]:
    """Type, text and value of the examples in the documentation."""
    _, _, table = PAGE.read_text("utf-8").partition("<!-- read by tests/intake/test_types.py")
    return EXAMPLE.findall(table)


def test_the_page_has_examples_of_every_type() -> None:
    kinds = {kind for kind, _, _ in examples()}
    assert kinds == {"integer", "number", "date", "timestamp", "boolean", "string", "code"}


@pytest.mark.parametrize(("kind", "text", "expected"), examples())
def test_every_example_of_the_documentation_is_read_as_it_says(
    con: duckdb.DuckDBPyConnection, kind: str, text: str, expected: str
) -> None:
    ((value, said),) = read_cells(con, kind, [text])
    values: dict[str, Any] = {
        "integer": int, "number": Decimal, "date": date.fromisoformat, "timestamp": datetime.fromisoformat,
        "boolean": {"true": True, "false": False}.get, "string": str, "code": str,
    }  # fmt: skip
    if expected == "nothing":
        assert (value, said) == (None, None)
    elif expected == "":
        assert value is None and said is not None
    else:
        assert value == values[kind](expected)


@pytest.mark.parametrize(
    ("others", "text", "expected"),
    [
        (["46 421,00"], "46.421", Decimal(46421)),
        (["1.234.567"], "46.421", Decimal(46421)),
        (["1,5"], "46,421", None),
        (["46421.5"], "46.421", None),
        (["46421.5", "46 421,00"], "46.421", None),
        (["46421.5"], "46,421", Decimal(46421)),
        (["12", "46 421"], "46.421", None),
    ],
)
def test_one_separator_before_three_digits_is_read_by_the_other_values_of_the_column(
    con: duckdb.DuckDBPyConnection, others: list[str], text: str, expected: Decimal | None
) -> None:
    *_, (value, said) = read_cells(con, "number", [*others, text])
    assert (value, said) == (expected, text)


@pytest.mark.parametrize("decimals", [2, 3, 4, 7])
def test_three_digits_behind_a_sign_are_two_readings_whatever_the_column_keeps(
    con: duckdb.DuckDBPyConnection, decimals: int
) -> None:
    assert read_cells(con, "number", ["46.421", "46,421", "12"], decimals=decimals) == [
        (None, "46.421"),
        (None, "46,421"),
        (Decimal(12), "12"),
    ]


def test_decimals_of_a_decimal_sign_that_the_column_proves_are_kept(con: duckdb.DuckDBPyConnection) -> None:
    values = [value for value, _ in read_cells(con, "number", ["0.5", "46.421", "3.0941"], decimals=4)]
    assert values == [Decimal("0.5"), Decimal("46.421"), Decimal("3.0941")]


@pytest.mark.parametrize(
    ("format", "text", "expected"),
    [
        ("json", "46.42", Decimal("46.42")),
        ("json", "1e5", Decimal(100000)),
        ("jsonl", "4.25E+1", Decimal("42.5")),
        ("csv", "1e5", None),
        ("json", "1e-3", None),
        ("json", "0.30000000000000004", None),
        ("xml", "46.421", None),
        ("xml", "46421.500", Decimal("46421.5")),
        ("xlsx", "46421.100000000006", Decimal("46421.1")),
        ("xlsx", "0.30000000000000004", Decimal("0.3")),
        ("xlsx", "46421.123", None),
    ],
)
def test_numbers_of_machines_are_exact_and_never_rounded(
    con: duckdb.DuckDBPyConnection, format: str, text: str, expected: Decimal | None
) -> None:
    assert read_cell(con, "number", text, format) == expected


@pytest.mark.parametrize("format", ["csv", "xml", "json", "xlsx"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Абаи\u0306", "Абай"),
        ("Е\u0308лка", "Ёлка"),
        ("Ко\u200bк\u00adсу\u200e", "Коксу"),
        ("\ufeffКоксу", "Коксу"),
        ("Ақмырза \u00a0а.о.", "Ақмырза а.о."),
        ("a\tb\r\nc", "a b c"),
        ("null", None),
        ("None", None),
        ("-", None),
        ("#N/A", None),
        ("#DATE! 2026-01-01", None),
        ("#5 улица", "#5 улица"),
        ("на", "на"),
        ("нет", "нет"),
        ("", None),
        (None, None),
    ],
)
def test_text_is_composed_and_without_invisible_marks_in_every_format(
    con: duckdb.DuckDBPyConnection, format: str, text: str | None, expected: str | None
) -> None:
    assert read_cell(con, "string", text, format) == expected


@pytest.mark.parametrize(
    "mark",
    [
        "\u200b",
        "\u200e",
        "\u200f",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u202a",
        "\u061c",
        "\u180e",
        "\u034f",
        "\ufe0f",
        "\u2066",
        "\u00a0",
        " ",
    ],
)
def test_invisible_marks_in_codes_are_stripped(con: duckdb.DuckDBPyConnection, mark: str) -> None:
    assert read_cell(con, "code", f"{mark}980606{mark if mark.strip() else ''}350320{mark}") == "980606350320"


@pytest.mark.parametrize(
    "text",
    ["01.01.0001", "30.12.1899", "31.12.1899", "01.01.1900", "28.02.1900", "0001-01-01T00:00:00", "9999-12-31",
     "31.12.9999 23:59:59", "0000-00-00", "00.00.0000", "0", "-1", "60"],
)  # fmt: skip
@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_a_date_that_means_nothing_is_unreadable_and_says_why(
    con: duckdb.DuckDBPyConnection, format: str, text: str
) -> None:
    contract = contract_of("date", format)
    con.execute("create or replace temp table given as select ? as cell, 'f' as _file, 1 as _record", [text])
    query = typed_cells(con, contract, "given").query
    assert con.execute(f"select cell, cell__text, _is_date_empty from ({query})").fetchall() == [(None, text, True)]


def test_real_dates_beside_them_stay(con: duckdb.DuckDBPyConnection) -> None:
    texts = ["02.03.1900", "27.12.1899", "01.01.1850", "31.12.2100", "31.12.1849", "01.01.2101"]
    values = [value for value, _ in read_cells(con, "date", list(texts))]
    assert values == [date(1900, 3, 2), date(1899, 12, 27), date(1850, 1, 1), date(2100, 12, 31), None, None]
