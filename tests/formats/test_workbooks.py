"""Workbooks, new and old: merged cells, headings of two rows, headings that repeat, damage."""

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.extracts import LIVESTOCK_HEADING, animal
from tests.formats.conftest import LoadDerived
from tests.formats.derived import xls

Refusal = Callable[..., str]
TITLE = ["Сведения о сельскохозяйственных животных по состоянию на 31.10.2026"]


def xlsx(sheets: dict[str, list[list[object]]]) -> bytes:
    import io

    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for at, row in enumerate(rows):
                page.write_row(at, 0, row)
    return out.getvalue()


@pytest.fixture(params=["xlsx", "xls"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def book(kind: str) -> Callable[..., bytes]:
    return {"xlsx": xlsx, "xls": xls}[kind]


def raw(settings: Settings, *columns: str) -> list[tuple[Any, ...]]:
    lake = Lake(settings.lake)
    parts = [lake.address(path) for path in lake.files("raw")]
    names = ", ".join(columns)
    return duckdb.sql(f"select {names} from read_parquet({parts}) order by _file, _record").fetchall()


def animals(first: int, last: int, **changes: object) -> list[list[object]]:
    return [animal(n, **changes) for n in range(first, last + 1)]


def test_sheets_are_read_below_their_titles(
    load_derived: LoadDerived, settings: Settings, kind: str, book: Callable[..., bytes]
) -> None:
    sheets = {
        "КРС": [TITLE, [], list(LIVESTOCK_HEADING), *animals(1, 9), [None] * 11, ["Итого"]],
        "Пусто": [],
        "МРС": [list(LIVESTOCK_HEADING), *animals(20, 29, КАТО=194083100)],
    }
    result = load_derived("livestock", {"format": kind}, {f"l.{kind}": book(sheets)})
    assert (result.status, result.rows_in, result.staged, result.quarantined) == ("accepted", 20, 19, 1)
    assert result.notes["files"] == {f"l.{kind}#КРС": 10, f"l.{kind}#МРС": 10}
    found = raw(settings, "_record", "kato")
    assert [record for record, _ in found] == [*range(4, 13), 14, *range(2, 12)]
    assert {kato for _, kato in found} - {None} == {"194083100"}


def test_a_repeated_heading_is_quarantined_by_its_rule(
    load_derived: LoadDerived, kind: str, book: Callable[..., bytes]
) -> None:
    rows = [list(LIVESTOCK_HEADING), *animals(1, 10), list(LIVESTOCK_HEADING), *animals(11, 30)]
    result = load_derived("livestock", {"format": kind}, {f"l.{kind}": book({"КРС": rows})})
    assert (result.status, result.staged, result.failed) == ("accepted", 30, {"heading_repeated": 1})


def test_a_merged_cell_fills_the_rows_below_it(
    load_derived: LoadDerived, settings: Settings, kind: str, book: Callable[..., bytes]
) -> None:
    blank = {"Населенный пункт": None, "КАТО": None}
    rows = [
        list(LIVESTOCK_HEADING),
        *animals(1, 1), *animals(2, 4, **blank), list(LIVESTOCK_HEADING), *animals(5, 5, **blank),
        *animals(6, 6, КАТО="194083200", **{"Населенный пункт": "Каратурык"}), *animals(7, 9, **blank),
        ["", "", "", "", "", "", "", "", "", "", ""],
    ]  # fmt: skip
    options = {"format": kind, "fillDown": ["kato", "settlement_name"]}
    result = load_derived("livestock", options, {f"l.{kind}": book({"КРС": rows})})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 10, 9)
    assert raw(settings, "kato", "settlement_name") == [("194083100", "Шелек")] * 5 + [("194083200", "Каратурык")] * 4


def test_a_group_above_its_columns_is_part_of_their_names(
    load_derived: LoadDerived, settings: Settings, kind: str, book: Callable[..., bytes]
) -> None:
    upper = [*LIVESTOCK_HEADING[:7], "Обработка", None, None, LIVESTOCK_HEADING[10]]
    lower = [None] * 7 + ["вакцинация", "бруцеллез", "результат", None]
    rows = [TITLE, upper, lower, *animals(1, 9), upper, lower, *animals(10, 20)]
    columns = {
        "vaccinated_on": {"physicalName": "Обработка / вакцинация"},
        "tested_on": {"physicalName": "Обработка / бруцеллез"},
        "test_result": {"physicalName": "Обработка / результат"},
    }
    options = {"format": kind, "headingRows": 2, "columns": columns}
    result = load_derived("livestock", options, {f"l.{kind}": book({"КРС": rows})})
    assert (result.status, result.staged, result.failed) == ("accepted", 20, {"heading_repeated": 2})
    assert raw(settings, "vaccinated_on", "test_result", "_record")[0] == ("05.05.2026", "отрицательный", 4)


OLD = xls({"КРС": [list(LIVESTOCK_HEADING), *animals(1, 60)]})
OPTIONS = {"format": "xls"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "0 bytes"),
        (xlsx({"КРС": [list(LIVESTOCK_HEADING), *animals(1, 9)]}), "a workbook of today's Excel (XLSX)"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "an HTML page"),
        (OLD[: len(OLD) // 2], "cut short"),
        (OLD[:-600], "breaks off"),
        (OLD[:600], "cut short"),
        (xls({"КРС": [list(LIVESTOCK_HEADING)]}), "nothing below"),
        (xls({"КРС": [["Инд. номер", *LIVESTOCK_HEADING[1:]], *animals(1, 9)]}), "Инд. номер"),
    ],
    ids=["empty", "xlsx", "html", "half", "end gone", "head only", "no rows", "renamed"],
)
def test_what_is_no_complete_old_workbook_is_refused(refusal: Refusal, content: bytes, found: str) -> None:
    text = refusal("livestock", OPTIONS, {"l.xls": content})
    assert "l.xls" in text and found in text


def test_rows_that_the_library_loses_in_a_damaged_workbook_are_noticed(tmp_path: Any) -> None:
    """Any damaged length field of a sheet's records refuses the workbook or leaves all its rows."""
    import struct

    from auyl.contracts import load
    from auyl.errors import ExtractRefused
    from auyl.formats.xls import read_sheets
    from auyl.settings import REPOSITORY

    contract = load("livestock", REPOSITORY / "include")
    path = tmp_path / "l.xls"
    at, refused, places = OLD.index(struct.pack("<HH", 0xFD, 10)), 0, []
    while struct.unpack_from("<H", OLD, at)[0] in (0xFD, 0x208, 0x203, 0x201):
        places.append(at)
        at += 4 + struct.unpack_from("<H", OLD, at + 2)[0]
    for place in places[:: len(places) // 40]:
        path.write_bytes(OLD[: place + 2] + bytes([OLD[place + 2] ^ 4]) + OLD[place + 3 :])
        try:
            ((_, _, cells),) = read_sheets(contract, path)
            assert set(cells.rows.tolist()) == {*range(1, 62)}
        except ExtractRefused:
            refused += 1
    assert len(places) > 300
    assert refused > 30


@pytest.mark.parametrize("right", [0, 1, 3], ids=["inside", "right", "far right"])
def test_values_under_no_heading_are_drift_that_names_the_column(
    load_derived: LoadDerived, settings: Settings, kind: str, book: Callable[..., bytes], right: int
) -> None:
    """A column without a heading among the others, or behind the last of them."""
    heading, at = list(LIVESTOCK_HEADING), len(LIVESTOCK_HEADING) - 1
    rows = animals(1, 9)
    if right:
        at += right
        rows = [[*row, *[None] * (right - 1), "лишнее"] for row in rows]
    else:
        heading.insert(at, None)
        rows = [[*row[:at], "лишнее", *row[at:]] for row in rows]
    result = load_derived("livestock", {"format": kind}, {f"l.{kind}": book({"КРС": [heading, *rows]})})
    assert (result.status, result.staged) == ("accepted", 9), result.refusal
    assert [(d.kind, d.name, d.found) for d in result.drifts] == [("column_new", f"column {at + 1}", "9 filled cells")]
    assert raw(settings, f'"unknown:column {at + 1}"') == [("лишнее",)] * 9
