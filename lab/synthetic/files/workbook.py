"""Workbooks (xlsx) of one or several sheets. Rows that do not fit on a sheet go to the next one, «… 2».

SQL makes the XML of the sheets: a workbook library needs minutes for half a million rows.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Cut, Written, checksum, lines

if TYPE_CHECKING:
    from lab.synthetic.registry import Registry

SHEET_ROWS = 1_048_576
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# A fixed time stamp for the archive's members, so that the same rows give the same bytes.
_STAMP = (2026, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True)
class Workbook:
    """One workbook per month, `<registry>_<period>.xlsx`.

    `sheets` are the titles; with several of them the row's column `part` is the number of its sheet, from 1, and
    `h_sheet` the title. `above` are the rows above the heading, the text of their first cell: a template with {title},
    that of the sheet, and {month}. A cell of `dates` is a date in the rows where `h_has_dates` is true, a cell of
    `numbers` is a number where its text reads as one; all others are text. An empty cell of `merged` is merged with the
    one above.
    """

    sheets: tuple[str, ...]
    above: tuple[str, ...]
    dates: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    merged: frozenset[str] = frozenset()

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write the workbook."""
        path = folder / self._file(registry, month)
        layout = self.layout(registry, month)
        return [write_workbook(con, path, f"{registry.name}_row", self.sheets, layout)]

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """`<file>#<sheet>` and the number of the row below its heading."""
        capacity = self.layout(registry, month).capacity
        title = "h_sheet" if len(self.sheets) > 1 else f"'{self.sheets[0]}'"
        # n counts over all sheets of one title
        sheet = f"{title} || case when n >= {capacity} then ' ' || (n // {capacity} + 1)::varchar else '' end"
        return f"'{self._file(registry, month)}#' || {sheet}", f"n % {capacity} + 1"

    def layout(self, registry: Registry, month: Month) -> Layout:
        """The layout of the sheets for a registry and month."""
        above = tuple(text.format(title="{title}", month=month) for text in self.above)
        return Layout(above, registry.labels, self.dates, self.numbers, self.merged)

    def _file(self, registry: Registry, month: Month) -> str:
        return f"{registry.name}_{month.period}.xlsx"


@dataclass(frozen=True)
class Layout:
    """The parts of a Workbook that its sheets share; `columns` are the headings by column of the table."""

    above: tuple[str, ...]
    columns: Mapping[str, str]
    dates: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    merged: frozenset[str] = frozenset()

    @property
    def first_row(self) -> int:
        """The row below the heading, as Excel counts it."""
        return len(self.above) + 2

    @property
    def capacity(self) -> int:
        """Rows that fit on a sheet below its heading."""
        return SHEET_ROWS - self.first_row + 1


@dataclass(frozen=True)
class Sheet:
    """A sheet: title, and the rows of the table from number `first` up to, not including, `after`."""

    title: str
    first: int
    after: int


def write_workbook(
    con: duckdb.DuckDBPyConnection, path: Path, table: str, titles: Sequence[str], layout: Layout
) -> Written:
    """Write `table`, whose columns are text, in the order of its rows. With several titles the table is sorted by its
    column `part`, the number of the sheet from 1.

    Raises ValueError for more columns than letters.
    """
    if len(layout.columns) > len(LETTERS):
        raise ValueError(f"{path.name}: {len(layout.columns)} columns, {len(LETTERS)} at most")
    sheets = _sheets(con, table, titles, layout)
    rows = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in _frame([sheet.title for sheet in sheets]).items():
            with book.open(_member(name), "w") as out:
                out.write(text.encode())
        # one query for all sheets: planning it takes as long as reading some thousand rows
        merged = _merged(con, table, sheets, layout)
        cut = Cut(lines(con, _lines(table, sheets, layout)))
        for number, sheet in enumerate(sheets, start=1):
            with book.open(_member(f"xl/worksheets/sheet{number}.xml"), "w", force_zip64=True) as out:
                out.write(_head(sheet, layout).encode())
                rows += cut.copy(sheet.after - sheet.first, out)
                out.write(b"</sheetData>")
                out.write(_merges(merged.get(number, [])).encode())
                out.write(b"</worksheet>")
    size, sha256 = checksum(path)
    return Written(path.name, rows, size, sha256)


def _sheets(con: duckdb.DuckDBPyConnection, table: str, titles: Sequence[str], layout: Layout) -> list[Sheet]:
    part = "part" if len(titles) > 1 else "1"
    counts = dict(con.execute(f"select {part}, count(*) from {table} group by all").fetchall())
    result = []
    start = 0
    for number, title in enumerate(titles, start=1):
        end = start + counts.get(number, 0)
        for nth, first in enumerate(range(start, max(end, start + 1), layout.capacity), start=1):
            result.append(Sheet(title if nth == 1 else f"{title} {nth}", first, min(end, first + layout.capacity)))
        start = end
    return result


def _lines(table: str, sheets: Sequence[Sheet], layout: Layout) -> str:
    cells = []
    for letter, column in zip(LETTERS, layout.columns, strict=False):
        text = f"case when {column} = '' then '' else text_cell('{letter}', n, {column}) end"
        if column in layout.dates:
            day = f"try_strptime({column}, '%d.%m.%Y')"
            text = (
                f"case when h_has_dates and {day} is not null "
                f"then date_cell('{letter}', n, {day}::date) else {text} end"
            )
        if column in layout.numbers:
            text = (
                f"case when regexp_full_match({column}, '-?[0-9]+(\\.[0-9]+)?') "
                f"then number_cell('{letter}', n, {column}) else {text} end"
            )
        cells.append(text)
    return f"""
        select concat('<row r="', n, '">', {", ".join(cells)}, '</row>') as line
        from (select *, {_row(sheets, layout)} as n from {table})
    """


def _row(sheets: Sequence[Sheet], layout: Layout) -> str:
    """The number of a row of the table within its sheet, as Excel counts it."""
    return f"rowid + {_by_sheet(sheets, [layout.first_row - sheet.first for sheet in sheets])}"


def _by_sheet(sheets: Sequence[Sheet], values: Iterable[int]) -> str:
    """SQL of the value, out of one per sheet, that belongs to the sheet of the row."""
    cases = "".join(f" when rowid < {sheet.after} then {value}" for sheet, value in zip(sheets, values, strict=True))
    return f"case{cases} end"


def _merged(
    con: duckdb.DuckDBPyConnection, table: str, sheets: Sequence[Sheet], layout: Layout
) -> dict[int, list[str]]:
    """Ranges of merged cells by number of the sheet, column by column."""
    found: dict[int, list[str]] = {}
    afters = [sheet.after - sheet.first + layout.first_row for sheet in sheets]
    for letter, column in zip(LETTERS, layout.columns, strict=False):
        if column not in layout.merged:
            continue
        ranges = con.execute(f"""
            select sheet_no, '{letter}' || n || ':{letter}' || (below - 1)
            from (
                select sheet_no, n, coalesce(lead(n) over (partition by sheet_no order by n), after) as below
                from (
                    select
                        {column},
                        {_by_sheet(sheets, range(1, len(sheets) + 1))} as sheet_no,
                        {_by_sheet(sheets, afters)} as after,
                        {_row(sheets, layout)} as n
                    from {table}
                )
                where {column} <> ''
            )
            where below - n > 1
            order by sheet_no, n
        """).fetchall()
        for number, cells in ranges:
            found.setdefault(number, []).append(cells)
    return found


def _merges(ranges: Sequence[str]) -> str:
    if not ranges:
        return ""
    cells = "".join(f'<mergeCell ref="{cells}"/>' for cells in ranges)
    return f'<mergeCells count="{len(ranges)}">{cells}</mergeCells>'


def _head(sheet: Sheet, layout: Layout) -> str:
    above = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{escape(text.format(title=sheet.title))}</t></is></c></row>'
        if text
        else f'<row r="{n}"/>'
        for n, text in enumerate(layout.above, start=1)
    )
    at = layout.first_row - 1
    heading = "".join(
        f'<c r="{letter}{at}" t="inlineStr"><is><t>{escape(label)}</t></is></c>'
        for letter, label in zip(LETTERS, layout.columns.values(), strict=False)
    )
    last = f"{LETTERS[len(layout.columns) - 1]}{sheet.after - sheet.first + at}"
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><dimension ref="A1:{last}"/><sheetData>{above}<row r="{at}">{heading}</row>'
    )


def _frame(titles: list[str]) -> dict[str, str]:
    numbers = range(1, len(titles) + 1)
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{sheet_type}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{sheet_type}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{sheet_type}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_DOC}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>'
        + "".join(
            f'<sheet name={quoteattr(title)} sheetId="{n}" r:id="rId{n}"/>'
            for n, title in zip(numbers, titles, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_DOC}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        + f'<Relationship Id="rId{len(titles) + 1}" Type="{_DOC}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/></numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    }


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info._compresslevel = 1  # type: ignore[attr-defined]
    return info
