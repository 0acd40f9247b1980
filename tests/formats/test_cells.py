"""What cells of workbooks become: errors, formulas without a result, dates, padded codes, ghosts below the table."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from auyl.settings import Settings
from tests.extracts import LIVESTOCK_HEADING, animal
from tests.formats import spreadsheetml as xml
from tests.formats.conftest import LoadDerived
from tests.formats.spreadsheetml import cell
from tests.formats.test_workbooks import raw

XLSX = {"format": "xlsx"}
# Columns by letter: A number, B species, C sex, D born, E owner, F KATO, G settlement, H vaccinated, I tested,
# J result, K reported.
Load = Callable[..., dict[int, tuple[Any, ...]]]


@pytest.fixture
def load(load_derived: LoadDerived, settings: Settings) -> Load:
    """Load ten animals of rows 2 to 11 with these cells changed; returns raw cells of `columns` by row."""

    def run(changes: dict[str, str], *columns: str, **book: Any) -> dict[int, tuple[Any, ...]]:
        table = [LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))]
        content = xml.book({"КРС": xml.sheet(xml.rows(table, changes=changes))}, **book)
        result = load_derived("livestock", XLSX, {"l.xlsx": content})
        assert result.rows_in == 10, result
        return {record: cells for record, *cells in raw(settings, "_record", *columns)}

    return run


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!"])
def test_an_error_cell_is_its_own_text(load: Load, error: str) -> None:
    changes = {"H2": cell("H2", error, type_="e", formula="1/0"), "G3": cell("G3", error, type_="e")}
    cells = load(changes, "vaccinated_on", "settlement_name")
    assert (cells[2], cells[3], cells[4]) == ([error, "Шелек"], ["05.05.2026", error], ["05.05.2026", "Шелек"])


def test_a_formula_without_a_result_is_marked_and_an_empty_result_is_empty(load: Load) -> None:
    changes = {
        "E2": cell("E2", None, type_="str", formula="TEXT(Z2,0)"),
        "E3": cell("E3", None, formula="Z3"),
        "E4": cell("E4", "", formula="Z4"),
        "E5": '<c r="E5"><f t="shared" si="0"/></c>',
        "E6": cell("E6", "", type_="str", formula='IF(Z6="","",Z6)'),
        "E7": cell("E7", "850101300123", formula="Z7"),
        "E8": cell("E8", "0", formula="Z8"),
        "E9": cell("E9", None),
    }
    owners = [cells[0] for cells in load(changes, "owner_number").values()]
    assert owners[:8] == [*["#NOT_COMPUTED!"] * 4, None, "850101300123", "0", None]


@pytest.mark.parametrize(
    "calculation",
    ["", '<calcPr calcId="1" fullCalcOnLoad="1"/>', '<calcPr forceFullCalc="true"/>', '<calcPr calcCompleted="0"/>'],
)
def test_zero_as_the_result_of_a_formula_counts_only_in_a_calculated_workbook(load: Load, calculation: str) -> None:
    changes = {
        "H2": cell("H2", "0", style="date", formula="TODAY()-30"),
        "F3": cell("F3", "0.0", formula="Z3"),
        "J4": cell("J4", "", type_="str", formula="Z4"),
        "F5": cell("F5", "194083100", formula="Z5"),
        "F6": cell("F6", "0"),
    }
    cells = load(changes, "vaccinated_on", "kato", "test_result", calculation=calculation)
    missing = "#NOT_COMPUTED!"
    assert (cells[2][0], cells[3][1], cells[4][2], cells[5][1], cells[6][1]) == (missing,) * 3 + ("194083100", "0")


def test_a_formula_that_xlsxwriter_did_not_compute_is_marked(load_derived: LoadDerived, settings: Settings) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page, date = book.add_worksheet("КРС"), book.add_format({"num_format": "dd.mm.yyyy"})
        for at, row in enumerate([LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))]):
            page.write_row(at, 0, row)
        page.write_formula("H2", "=TODAY()-30", date)
        page.write_formula("H3", "=TODAY()-30", date, 46150)
    load_derived("livestock", XLSX, {"l.xlsx": out.getvalue()})
    found = [when for (when,) in raw(settings, "vaccinated_on")]
    assert found[:3] == ["#NOT_COMPUTED!", "2026-05-08", "05.05.2026"]


def test_a_date_cell_is_a_date_where_the_contract_promises_one_and_marked_elsewhere(load: Load) -> None:
    changes = {
        "H2": cell("H2", "46150", style="date"),
        "H3": cell("H3", "46150.5", style="moment"),
        "H4": cell("H4", "46150"),
        "H5": cell("H5", "2026-05-08", type_="d"),
        "A2": cell("A2", "46023", style="date"),
        "G3": cell("G3", "46023.25", style="moment"),
        "J4": cell("J4", "0.5", style="clock"),
        "J5": cell("J5", "46023", style="general"),
    }
    cells = load(changes, "vaccinated_on", "animal_number", "settlement_name", "test_result")
    assert [cells[row][0] for row in range(2, 6)] == ["2026-05-08", "2026-05-08 12:00:00", "46150", "2026-05-08"]
    assert cells[2][1] == "#DATE! 2026-01-01"
    assert cells[3][2] == "#DATE! 2026-01-01 06:00:00"
    assert (cells[4][3], cells[5][3]) == ("#DATE! 12:00:00", "46023")


def test_a_day_that_no_calendar_has_stays_as_the_spreadsheet_shows_it(load: Load) -> None:
    serials = ["0", "60", "-1", "59", "61", "2958466"]
    changes = {f"H{row}": cell(f"H{row}", serial, style="date") for row, serial in enumerate(serials, start=2)}
    found = [cells[0] for cells in load(changes, "vaccinated_on").values()]
    assert found[:6] == ["1900-01-00", "1900-02-29", "-1", "1900-02-28", "1900-03-01", "2958466"]


def test_days_count_from_1904_where_the_workbook_says_so(load: Load) -> None:
    cells = load({"H2": cell("H2", "44688", style="date")}, "vaccinated_on", settings=' date1904="1"')
    assert cells[2] == ["2026-05-08"]


def test_a_code_is_the_number_as_its_cell_shows_it(load: Load) -> None:
    changes = {
        "E2": cell("E2", "50101300123", style="twelve"),
        "E3": cell("E3", "850101300123", style="twelve"),
        "E4": cell("E4", "50101300123"),
        "E5": cell("E5", "77011234567", style="phone"),
        "F2": cell("F2", "194083100.0"),
        "F3": cell("F3", "1.940831E8"),
        "F4": cell("F4", "194083100"),
        "F5": cell("F5", "1.2345678901234567E+19"),
        "F6": cell("F6", "12345678901234567890"),
    }
    cells = load(changes, "owner_number", "kato")
    assert [cells[row][0] for row in range(2, 6)] == [
        "050101300123",
        "850101300123",
        "50101300123",
        "7 (701) 123-45-67",
    ]
    codes = ["194083100"] * 3 + ["1.23456789012346e+19", "12345678901234567890"]
    assert [cells[row][1] for row in range(2, 7)] == codes


def test_a_number_has_the_fifteen_digits_that_a_spreadsheet_keeps(load: Load) -> None:
    written = ["46421.000000000007", "0.30000000000000004", "122.55", "-5", "1E-7", "0.155", "46421.5"]
    styles = ["general", "general", "general", "general", "general", "percent", "money"]
    changes = {
        f"J{row}": cell(f"J{row}", number, style=style)
        for row, (number, style) in enumerate(zip(written, styles, strict=True), start=2)
    }
    found = [cells[0] for cells in load(changes, "test_result").values()]
    assert found[:7] == ["46421", "0.3", "122.55", "-5", "0.0000001", "15.5%", "46421.5"]


@pytest.mark.parametrize(
    ("ghosts", "dimension"),
    [
        (["XFD1048576"], ""),
        (["A1048576"], ""),
        (["XFD900"], ""),
        (["AMJ900", "A1048576"], ""),
        (["XFD1048576"], "A1:XFD1048576"),
        ([], "A0:XFD3"),
        ([], "A1"),
    ],
)
def test_a_space_typed_far_from_the_table_is_no_row(
    load_derived: LoadDerived, settings: Settings, ghosts: list[str], dimension: str
) -> None:
    rows = xml.rows([LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))])
    for ghost in ghosts:
        rows += f'<row r="{ghost.lstrip("ADFJMX")}">{xml.text(ghost, " ")}</row>'
    content = xml.book({"КРС": xml.sheet(rows, dimension)})
    result = load_derived("livestock", XLSX, {"l.xlsx": content})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 10, 10)
    assert [record for (record,) in raw(settings, "_record")] == [*range(2, 12)]


def test_cells_without_references_follow_each_other(load_derived: LoadDerived, settings: Settings) -> None:
    rows = xml.rows([LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))])
    bare = re.sub(' r="[A-Z]*[0-9]+"', "", rows)
    result = load_derived("livestock", XLSX, {"l.xlsx": xml.book({"КРС": xml.sheet(bare)})})
    assert (result.status, result.staged) == ("accepted", 10)
    assert raw(settings, "_record", "animal_number", "kato")[4] == (6, "KZB100000005", "194083100")


@pytest.mark.parametrize("without", [' r="[A-Z]+[0-9]+"', ' r="[A-Z]*[0-9]+"', ' r="[B-K][0-9]+"'])
def test_a_long_sheet_without_references_is_the_same(tmp_path: Path, without: str) -> None:
    """A part of more than a mebibyte comes in batches; rows and cells are counted across them."""
    from auyl import contracts
    from auyl.formats.cells import Cells, read_cells
    from auyl.formats.ooxml import opened_package
    from auyl.settings import REPOSITORY

    def read(rows: str) -> Cells:
        path = tmp_path / "l.xlsx"
        path.write_bytes(xml.book({"КРС": xml.sheet(rows)}))
        with opened_package(contracts.load("livestock", REPOSITORY / "include"), path, 1 << 30) as package:
            return read_cells(package, package.sheets[0], package.shared_texts())

    lines = []
    for row in range(1, 30_001):
        cells = [xml.text(f"{letter}{row}", f"{letter}{row}") if letter in "BD" else cell(f"{letter}{row}", f"{row}")
                 for letter in "ABCDEFGHIJK"]  # fmt: skip
        lines.append(f'<row r="{row}">{"".join(cells)}</row>')
    rows = "".join(lines)
    whole, bare = read(rows), read(re.sub(without, "", rows))
    assert len(whole.rows) == 330_000
    for part in ("rows", "columns", "texts"):
        assert list(getattr(whole, part)) == list(getattr(bare, part))
    inline = dict(
        zip(zip(whole.rows.tolist(), whole.columns.tolist(), strict=True), whole.texts.to_pylist(), strict=True)
    )
    assert (inline[29_999, 2], inline[30_000, 4], inline[30_000, 11]) == ("B29999", "D30000", "30000")


def test_parts_are_found_as_programs_name_them(load_derived: LoadDerived, settings: Settings) -> None:
    """.NET writes prefixes and backslashes; others UTF-16, or capitals in the names of parts."""
    rows = xml.rows([LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))])
    prefixed = (
        xml.sheet(rows).replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    )
    marked = prefixed.encode("utf-8-sig")
    utf16 = prefixed.replace("UTF-8", "UTF-16").encode("utf-16")
    for part in (prefixed.encode(), marked, utf16):
        with zipfile.ZipFile(io.BytesIO(xml.book({"КРС": "-"}))) as package:
            parts = {
                name.replace("/", "\\").replace("sheet1", "Sheet1"): package.read(name) for name in package.namelist()
            }
        parts["xl\\worksheets\\Sheet1.xml"] = part
        result = load_derived("livestock", XLSX, {"l.xlsx": xml.archive(parts)})
        assert (result.status, result.staged) == ("accepted", 10), result.refusal


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        (xml.sheet(xml.rows([LIVESTOCK_HEADING, animal(1)]))[:-24], "cut short"),
        (xml.sheet(xml.rows([LIVESTOCK_HEADING, animal(1)]) + "<row>"), "sheet1.xml"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>" + xml.sheet(xml.rows([LIVESTOCK_HEADING, animal(1)])), "a DOCTYPE"),
        (xml.sheet(xml.rows([LIVESTOCK_HEADING, animal(1)]) + '<row r="2">' + xml.text("A2", "2") + "</row>"), "twice"),
        (xml.sheet(xml.rows([LIVESTOCK_HEADING]) + '<row r="2">' + xml.text("A1048577", "2") + "</row>"), "outside"),
        (xml.sheet(xml.rows([LIVESTOCK_HEADING]) + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'), "refers to none"),
        (xml.sheet(xml.rows([LIVESTOCK_HEADING]) + '<row r="2"><c r="1A"><v>7</v></c></row>'), "another reference"),
    ],
)
def test_a_damaged_sheet_is_refused_in_words(refusal: Callable[..., str], sheet: str, found: str) -> None:
    text = refusal("livestock", XLSX, {"l.xlsx": xml.book({"КРС": sheet})})
    assert "l.xlsx" in text and found in text


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_a_part_that_is_no_xml_is_refused_without_the_names_in_it(refusal: Callable[..., str], part: str) -> None:
    whole = xml.book({"КРС": xml.sheet(xml.rows([LIVESTOCK_HEADING, animal(1)]))})
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts[part] = parts[part].replace(b"</", "</Ержанбекулы_850101300123 ".encode(), 1)
    text = refusal("livestock", XLSX, {"l.xlsx": xml.archive(parts)})
    assert part in text and "Ержан" not in text and "850101300123" not in text


def shared(texts: str, cells: dict[str, str], changes: dict[str, bytes] | None = None) -> bytes:
    """A workbook of ten animals with shared texts and with cells that refer to them."""
    table = [LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))]
    content = xml.book({"КРС": xml.sheet(xml.rows(table, changes=cells))})
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    links = parts["xl/_rels/workbook.xml.rels"]
    link = f'<Relationship Id="t" Type="{xml.LINKS}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
    parts["xl/_rels/workbook.xml.rels"] = links.replace(b"</Relationships>", link.encode())
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{xml.MAIN}">{texts}</sst>'.encode()
    return xml.archive(parts | (changes or {}))


def test_shared_texts_are_whole_however_they_are_written(load_derived: LoadDerived, settings: Settings) -> None:
    """Runs of several fonts, readings above the letters, escapes of control characters, empty and blank texts."""
    texts = [
        "<t>Шелек</t>", "<r><t>Ше</t></r><r><rPr><b/></rPr><t>лек</t></r>",
        '<t>Шелек</t><rPh sb="0" eb="1"><t>x</t></rPh>', "<t>Шелек_x000D_</t>", "<t>Ше_x005F_лек</t>", "<t/>",
        "", "<t> \u00a0</t>", "<t>Ш&#1077;лек &amp; К&#xB0;</t>",
    ]  # fmt: skip
    cells = {f"G{n + 2}": cell(f"G{n + 2}", str(n), type_="s") for n in range(len(texts))}
    load_derived("livestock", XLSX, {"l.xlsx": shared("".join(f"<si>{text}</si>" for text in texts), cells)})
    found = [text for (text,) in raw(settings, "settlement_name")]
    assert found[:9] == ["Шелек", "Шелек", "Шелек", "Шелек\r", "Ше_лек", None, None, None, "Шелек & К°"]


@pytest.mark.parametrize(
    "empty", ["<v></v>", "<v/>", "<v />", '<v xml:space="preserve"></v>', '<v xml:space="preserve"/>']
)
def test_an_empty_result_is_told_from_a_missing_one(load: Load, empty: str) -> None:
    changes = {
        "G2": f'<c r="G2" t="str"><f>Z2</f>{empty}</c>',
        "G3": f'<c r="G3"><f>Z3</f>{empty}</c>',
        "G4": f'<c r="G4">{empty}</c>',
        "G5": '<c r="G5" t="str"><f>Z5</f></c>',
        "G6": '<c r="G6"><f t="array" ref="G6:G7">Z6</f></c>',
    }
    names = [cells[0] for cells in load(changes, "settlement_name").values()]
    assert names[:6] == [None, "#NOT_COMPUTED!", None, "#NOT_COMPUTED!", "#NOT_COMPUTED!", "Шелек"]


def test_a_strict_workbook_with_a_chart_is_read(load_derived: LoadDerived, settings: Settings) -> None:
    rows = xml.rows([LIVESTOCK_HEADING, *(animal(n) for n in range(1, 11))], changes={
        "H2": cell("H2", "2026-05-08T00:00:00", type_="d"), "G3": cell("G3", "1", type_="b"),
    })  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(xml.book({"КРС": xml.sheet(rows), "Диаграмма": "-"}))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    strict = {
        name: part.replace(xml.MAIN.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        .replace(xml.LINKS.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships")
        for name, part in parts.items()
    }  # fmt: skip
    links, _, second = strict["xl/_rels/workbook.xml.rels"].rpartition(b"/worksheet")
    strict["xl/_rels/workbook.xml.rels"] = links + b"/chartsheet" + second
    result = load_derived("livestock", XLSX, {"l.xlsx": xml.archive(strict)})
    assert (result.status, result.staged) == ("accepted", 10), result.refusal
    assert raw(settings, "vaccinated_on", "settlement_name")[:2] == [("2026-05-08", "Шелек"), ("05.05.2026", "true")]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("<row>" + "<c><v>1</v></c>" * 16_385 + "</row>", "outside"),
        (("<row>" + "<c><v>1</v></c>" * 16_384 + "</row>") * 2_100, "at most 33,554,432 cells"),
        ('<row><c t="str"><v>' + "а" * (2 << 20) + "</v></c></row>", "a text longer than any cell holds"),
    ],
    ids=["wide", "many", "long"],
)
def test_a_sheet_larger_than_any_is_refused_before_it_fills_the_memory(
    refusal: Callable[..., str], content: str, found: str
) -> None:
    book = xml.book({"КРС": xml.sheet(content)}, media=random.Random(1).randbytes(4 << 20))
    text = refusal("livestock", XLSX, {"l.xlsx": book})
    assert "l.xlsx" in text
    assert found in text


def test_a_long_text_shared_by_many_cells_is_refused(refusal: Callable[..., str]) -> None:
    rows = "<row>" + '<c t="s"><v>0</v></c>' * 100 + "</row>"
    content = shared(
        f"<si><t>{'а' * 32_000}</t></si>", {}, {"xl/worksheets/sheet1.xml": xml.sheet(rows * 1_000).encode()}
    )
    assert "1,024 MiB of text in a sheet; found more" in refusal("livestock", XLSX, {"l.xlsx": content})
