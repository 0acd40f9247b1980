"""Workbooks: XLSX as the XML that it is, XLS with xlrd (as intake: no other library keeps errors apart)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from auyl.contracts import Contract
from auyl.contracts.options import XlsOptions
from tests.formats.fuzz import values
from tests.formats.fuzz.readers import Record, cells_of, places_of
from tests.formats.fuzz.values import Cell

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
HEADING_WITHIN_ROWS = 30
BUILT_IN_DAYS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
Rows = dict[int, dict[int, Cell]]


def xlsx(contract: Contract, content: bytes) -> list[Record]:
    """Records of all visible sheets of an XLSX."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = list(_sheets(archive))
    except Exception:  # zipfile, zlib and lxml raise whatever the damage leads to
        return []
    return [record for name, rows in sheets for record in _records(contract, name, rows)]


def xls(contract: Contract, content: bytes) -> list[Record]:
    """Records of all visible sheets of an XLS."""
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
    except Exception:  # xlrd raises whatever the damage leads to
        return []
    found = []
    for sheet in book.sheets():
        if sheet.visibility == 0:
            rows = {
                at + 1: {
                    n: cell for n in range(sheet.ncols) if (cell := _old_cell(book, sheet.cell(at, n))) is not None
                }
                for at in range(sheet.nrows)
            }
            found += _records(contract, sheet.name, rows)
    return found


def _records(contract: Contract, sheet: str, rows: Rows) -> list[Record]:
    """The rows below the heading that have a cell in a known column."""
    first = [at for at in sorted(rows) if at <= HEADING_WITHIN_ROWS]
    known = {at: sum(map(bool, _headings(contract, rows, at)[1])) for at in first}
    if not known or max(known.values()) < 2:
        return []
    at = max(known, key=lambda n: known[n])
    columns, places = _headings(contract, rows, at)
    options = contract.options(XlsOptions)
    last = at + options.heading_rows - 1
    found = []
    for number in sorted(number for number in rows if number > last):
        row = [rows[number].get(column) for column in columns]
        cells = cells_of(places, row)
        # A merged cell may reach below the last record.
        own = [cell for c, cell in zip(contract.columns, cells, strict=True) if c.name not in options.fill_down]
        if not any(cell is not None and (cell.text.strip() or cell.kind != values.TEXT) for cell in own):
            continue
        texts = tuple(cell.text for cell in row if cell is not None)
        repeats = texts == tuple(
            cell.text for cell in (rows[last].get(column) for column in columns) if cell is not None
        )
        found.append(Record(number, None if repeats else cells, sheet, texts))
    return found


def _headings(contract: Contract, rows: Rows, at: int) -> tuple[list[int], list[list[int]]]:
    """The columns that have cells, and where the headings of the contract stand among them."""
    columns = sorted({column for row in rows.values() for column in row})
    if contract.options(XlsOptions).heading_rows == 1:
        texts = [rows[at][column].text if column in rows[at] else "" for column in columns]
        return columns, places_of(contract, texts)
    texts, group = [], ""
    for column in columns:
        upper, lower = (rows.get(n, {}).get(column) for n in (at, at + 1))
        group = upper.text if upper else group
        texts.append(f"{group} / {lower.text}" if lower else group if upper else "")
    return columns, places_of(contract, texts)


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, Rows]]:
    from lxml import etree

    book = etree.fromstring(archive.read("xl/workbook.xml"))
    related = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): one.get("Target").removeprefix("/xl/").removeprefix("xl/") for one in related}
    shared = []
    if "xl/sharedStrings.xml" in archive.namelist():
        strings = etree.fromstring(archive.read("xl/sharedStrings.xml"))
        shared = ["".join(one.itertext(MAIN + "t")) for one in strings.iter(MAIN + "si")]
    formats = _formats(archive)
    starts_1904 = any(one.get("date1904") in ("1", "true") for one in book.iter(MAIN + "workbookPr"))
    for sheet in book.iter(MAIN + "sheet"):
        if sheet.get("state", "visible") == "visible":
            content = archive.read("xl/" + targets[sheet.get(RELATED + "id")])
            rows = _rows(etree.fromstring(content, etree.XMLParser(huge_tree=True)), shared, formats, starts_1904)
            yield sheet.get("name"), rows


def _formats(archive: zipfile.ZipFile) -> list[tuple[int, str]]:
    """Number and code of the format of each style."""
    from lxml import etree

    if "xl/styles.xml" not in archive.namelist():
        return []
    styles = etree.fromstring(archive.read("xl/styles.xml"))
    codes = {int(one.get("numFmtId")): one.get("formatCode") for one in styles.iter(MAIN + "numFmt")}
    cells = [xf for block in styles.iter(MAIN + "cellXfs") for xf in block]
    numbers = [int(xf.get("numFmtId", 0)) for xf in cells]
    return [(number, codes.get(number, "")) for number in numbers]


def _rows(sheet: Any, shared: list[str], formats: list[tuple[int, str]], starts_1904: bool) -> Rows:
    rows: Rows = {}
    at = 0
    for row in sheet.iter(MAIN + "row"):
        first = row.find(MAIN + "c")
        stated = row.get("r") or re.sub("[A-Z]", "", "" if first is None else first.get("r", ""))
        at = int(stated or at + 1)
        column = -1
        for node in row.iter(MAIN + "c"):
            letters = re.match("[A-Z]+", node.get("r", ""))
            column = _column(letters[0]) if letters else column + 1
            cell = _cell(node, shared, formats, starts_1904)
            if cell is not None:
                rows.setdefault(at, {})[column] = cell
    return rows


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell(node: Any, shared: list[str], formats: list[tuple[int, str]], starts_1904: bool) -> Cell | None:
    kind, value = node.get("t", "n"), node.findtext(MAIN + "v")
    has_formula = node.find(MAIN + "f") is not None
    if kind == "inlineStr":
        return Cell("".join(node.itertext(MAIN + "t")))
    if has_formula and not value:
        return Cell("", values.NOT_COMPUTED)
    if not value:
        return None
    if kind == "s":
        return Cell(shared[int(value)])
    if kind == "e":
        return Cell(value, values.ERROR)
    if kind == "b":
        return Cell("true" if value == "1" else "false", values.BOOLEAN)
    if kind == "d":
        return Cell(value, values.DAY)
    if kind == "str":
        return Cell(value)
    style = int(node.get("s", 0))
    return number_cell(value, *(formats[style] if style < len(formats) else (0, "")), starts_1904, has_formula)


def number_cell(text: str, number: int, code: str, starts_1904: bool, has_formula: bool = False) -> Cell | None:
    """A cell that holds a number, under a format given by its number and code."""
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return Cell(text, values.ERROR)
    shape = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", code)
    if number in BUILT_IN_DAYS or re.search("[dmyhs]", shape, re.IGNORECASE):
        if exact <= 0 or exact >= 2_958_466 or (int(exact) in (60, 0) and not starts_1904):
            return Cell(text, values.ERROR)
        days = exact + (1462 if starts_1904 else int(exact < 60))
        moment = datetime(1899, 12, 30) + timedelta(milliseconds=round(float(days) * 86_400_000))
        return Cell(moment.isoformat(), values.DAY)
    if has_formula and exact == 0:
        return Cell(text, values.NOT_COMPUTED)  # XlsxWriter writes a zero for what it does not compute
    zeros = re.fullmatch("0{2,}", shape)
    shown = text.zfill(len(shape)) if zeros and text.isdigit() else None
    is_short = exact == exact.to_integral_value() and abs(exact) < 10**17
    return Cell(str(int(exact)) if is_short else text, values.NUMBER, shown)


def _old_cell(book: Any, cell: Any) -> Cell | None:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_TEXT:
        return Cell(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Cell(xlrd.error_text_from_code.get(cell.value, "#"), values.ERROR)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return Cell("true" if cell.value else "false", values.BOOLEAN)
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        xf = book.xf_list[cell.xf_index]
        code = book.format_map[xf.format_key].format_str
        return number_cell(repr(cell.value), xf.format_key, code, book.datemode == 1)
    return None
