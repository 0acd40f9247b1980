"""Which sheets of a workbook are tables of the contract: hidden ones, instructions, lists; what old workbooks hide."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from auyl.settings import Settings
from tests.extracts import LIVESTOCK_HEADING, animal
from tests.formats import spreadsheetml as xml
from tests.formats.conftest import LoadDerived
from tests.formats.test_workbooks import TITLE, animals, raw, xlsx

Refusal = Callable[..., str]
XLSX = {"format": "xlsx"}
GOOD = [list(LIVESTOCK_HEADING), *animals(1, 10)]
INSTRUCTION = [["Инструкция по заполнению"], ["1. ИНЖ указывается полностью"], ["Исполнитель:", "Омаров А."]]
LISTS = [["Вид", "Пол"], ["КРС", "самка"], ["МРС", "самец"]]


def hidden(state: str, **sheets: list[list[object]]) -> bytes:
    """A workbook with the good sheet and, in this state, others."""
    parts = {name: xml.sheet(xml.rows(table)) for name, table in ({"КРС": GOOD} | sheets).items()}
    return xml.book(parts, states=dict.fromkeys(sheets, state))


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_table_is_refused_and_said_to_be_hidden(refusal: Refusal, state: str) -> None:
    content = hidden(state, **{"КРС (2)": [TITLE, list(LIVESTOCK_HEADING), *animals(1, 7)]})
    text = refusal("livestock", XLSX, {"l.xlsx": content})
    assert "l.xlsx#КРС (2): expected rows in visible sheets" in text
    assert "found a hidden sheet with the contract's columns and 7 rows" in text


@pytest.mark.parametrize(("sheet", "pattern"), [("КРС (2)", "КРС (*"), ("Малдар", "Малдар"), ("Инструкция ", "Инстр*")])
@pytest.mark.parametrize("state", ["visible", "hidden"])
def test_a_sheet_that_the_contract_ignores_is_not_read(
    load_derived: LoadDerived, sheet: str, pattern: str, state: str
) -> None:
    content = hidden(state, **{sheet: [TITLE, list(LIVESTOCK_HEADING), *animals(1, 7)]})
    result = load_derived("livestock", XLSX | {"ignoreSheets": [pattern]}, {"l.xlsx": content})
    assert (result.status, result.notes["files"]) == ("accepted", {"l.xlsx#КРС": 10})


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_lists_are_not_read_and_the_batch_says_so(load_derived: LoadDerived, state: str) -> None:
    content = hidden(state, списки=LISTS, пусто=[list(LIVESTOCK_HEADING)])
    result = load_derived("livestock", XLSX, {"l.xlsx": content})
    assert (result.status, result.staged, result.notes["files"]) == ("accepted", 10, {"l.xlsx#КРС": 10})
    assert result.notes["ignored_sheets"] == {
        "l.xlsx#списки": "a hidden sheet without the contract's columns",
        "l.xlsx#пусто": "a hidden sheet with headings only",
    }


def test_an_instruction_is_not_read_and_the_batch_says_so(load_derived: LoadDerived) -> None:
    content = xlsx({"Инструкция": INSTRUCTION, "КРС": GOOD, "Лист3": []})
    result = load_derived("livestock", XLSX, {"l.xlsx": content})
    assert (result.status, result.staged, result.notes["files"]) == ("accepted", 10, {"l.xlsx#КРС": 10})
    assert list(result.notes["ignored_sheets"]) == ["l.xlsx#Инструкция"]


def test_a_visible_sheet_that_may_be_a_table_is_refused(refusal: Refusal) -> None:
    other = [[f"Графа {n}" for n in range(1, 12)], *animals(20, 29)]
    content = xlsx({"КРС": GOOD, "Малдар": other})
    assert "l.xlsx#Малдар" in refusal("livestock", XLSX, {"l.xlsx": content})


def test_a_workbook_without_a_table_names_its_sheets(refusal: Refusal) -> None:
    text = refusal("livestock", XLSX, {"l.xlsx": xlsx({"Инструкция": INSTRUCTION})})
    assert "expected at least one record; found no sheet to read: «l.xlsx#Инструкция»" in text


def old_book(cells: dict[tuple[int, int], Any], styles: dict[tuple[int, int], str], sheets: tuple[str, ...]) -> bytes:
    """An old workbook with the good table in each sheet and some cells, (row, column) from 0, changed."""
    import io

    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    for number, name in enumerate(sheets):
        page = book.add_sheet(name)
        page.visibility = min(number, 2)
        for row, line in enumerate([LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))]):
            for column, value in enumerate(line):
                style = xlwt.easyxf(num_format_str=styles.get((row, column), "General"))
                page.write(row, column, cells.get((row, column), value), style)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_cells_of_an_old_workbook_say_what_they_are(load_derived: LoadDerived, settings: Settings) -> None:
    import xlwt

    cells = {
        (1, 7): 46150, (2, 7): 46150.5, (3, 7): 0, (4, 7): xlwt.Formula("A1+1"), (5, 7): 46150,
        (1, 0): 46023, (1, 4): 50101300123, (2, 4): 850101300123, (1, 9): True, (2, 9): 0.1 + 0.2, (1, 6): " ",
    }  # fmt: skip
    formats = dict.fromkeys(((1, 7), (3, 7), (4, 7), (1, 0)), "DD.MM.YYYY") | {(2, 7): "DD.MM.YYYY H:MM"}
    formats |= {(1, 4): "0" * 12, (2, 4): "0" * 12}
    result = load_derived("livestock", {"format": "xls"}, {"l.xls": old_book(cells, formats, ("КРС",))})
    assert result.rows_in == 10
    columns = ("vaccinated_on", "animal_number", "owner_number", "test_result", "settlement_name")
    found = list(zip(*raw(settings, *columns), strict=True))
    moments = ("2026-05-08", "2026-05-08 12:00:00", "1900-01-00", "#NOT_COMPUTED!", "46150", "05.05.2026")
    assert found[0][:6] == moments
    assert found[1][:2] == ("#DATE! 2026-01-01", "KZB100000002")
    assert found[2][:2] == ("050101300123", "850101300123")
    assert found[3][:3] == ("true", "0.3", "отрицательный")
    assert found[4][:2] == (None, "Шелек")


def test_an_error_cell_of_an_old_workbook_is_its_own_text(load_derived: LoadDerived, settings: Settings) -> None:
    content = old_book({(1, 6): True, (2, 6): False, (3, 6): True}, {}, ("КРС",))
    for row, code in ((1, 0x2A), (3, 0x17)):
        record = struct.pack("<HHHH", 0x205, 8, row, 6)
        at = content.index(record) + 10
        content = content[:at] + bytes([code, 1]) + content[at + 2 :]
    load_derived("livestock", {"format": "xls"}, {"l.xls": content})
    found = [cell for (cell,) in raw(settings, "settlement_name")]
    assert found[:4] == ["#N/A", "false", "#REF!", "Шелек"]


def test_a_hidden_table_of_an_old_workbook_is_refused(refusal: Refusal) -> None:
    for sheets in (("КРС", "КРС (2)"), ("КРС", "a", "КРС (2)")):
        text = refusal("livestock", {"format": "xls"}, {"l.xls": old_book({}, {}, sheets)})
        assert f"l.xls#{sheets[1]}: expected rows in visible sheets" in text


def excel_95(code_page: int | None, password: bool = False) -> bytes:
    """An old workbook as Excel 95 wrote it: one byte a letter. With a password only its mark is there."""
    import io

    from xlwt.CompoundDoc import XlsDoc

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def text(value: str) -> bytes:
        return value.encode("cp1251")

    begin = record(0x809, struct.pack("<HHHH", 0x500, 5, 0, 0))
    if code_page is not None:
        begin += record(0x42, struct.pack("<H", code_page))
    if password:
        begin += record(0x2F, bytes(4))
    name = text("КРС")
    at = len(begin) + 4 + 7 + len(name) + 4
    stream = begin + record(0x85, struct.pack("<IBBB", at, 0, 0, len(name)) + name) + record(0x0A, b"")
    stream += record(0x809, struct.pack("<HHHH", 0x500, 0x10, 0, 0))
    for row, line in enumerate([LIVESTOCK_HEADING, *(animal(n) for n in range(1, 61))]):
        for column, value in enumerate(line):
            content = text(str(value))
            stream += record(0x204, struct.pack("<HHHH", row, column, 0, len(content)) + content)
    stream += record(0x0A, b"")
    out = io.BytesIO()
    XlsDoc().save(out, stream)
    return out.getvalue()


@pytest.mark.parametrize("code_page", [None, 1251])
def test_texts_of_excel_95_without_a_code_page_are_russian(
    load_derived: LoadDerived, settings: Settings, code_page: int | None
) -> None:
    result = load_derived("livestock", {"format": "xls"}, {"l.xls": excel_95(code_page)})
    assert (result.status, result.staged) == ("accepted", 60), result.refusal
    assert raw(settings, "_file", "species_name", "settlement_name")[0] == ("l.xls#КРС", "КРС", "Шелек")


def test_an_old_workbook_with_a_password_is_refused_as_such(refusal: Refusal) -> None:
    content = excel_95(1251, password=True)
    assert "found a password-protected workbook" in refusal("livestock", {"format": "xls"}, {"l.xls": content})
