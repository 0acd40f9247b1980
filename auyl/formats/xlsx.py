"""Workbooks of several sheets, XLSX and XLS; every cell becomes text."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Column, Contract, match_headings
from auyl.contracts.options import XlsOptions, XlsxOptions
from auyl.formats import xls
from auyl.formats.bounded import run_bounded
from auyl.formats.cells import Cells, read_cells, visible
from auyl.formats.common import (
    NAMELESS,
    RawResult,
    Reject,
    empty,
    part_path,
    repeats_heading,
    select_list,
    write_part,
)
from auyl.formats.ooxml import opened_package
from auyl.formats.sheets import Sheet, body, sheet_of
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow

# Workbooks have a sheet for each okrug: small sheets are written together into one part.
ROWS_A_PART, BYTES_A_PART = 61_440, 256 << 20


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read the sheets of workbooks. `_file` is `name#sheet`, `_record` the row that Excel shows.

    Options: `XlsxOptions`. The heading is searched in the first 30 rows, since titles and dates are above it; a row
    that repeats it is a reject. Raises ExtractRefused, also for a visible table without the contract's headings and for
    a hidden one with them.
    """
    result = RawResult()
    part = _Part(folder, con, result)
    levels = contract.options(XlsOptions).heading_rows
    for file in files:
        before = len(result.ignored)
        for name, is_hidden, cells in _sheets(contract, file):
            if not len(cells.rows):
                continue
            sheet = sheet_of(contract, f"{file.name}#{name}", is_hidden, cells, levels)
            why = _reason_to_ignore(contract, sheet)
            if why:
                result.ignored[sheet.name] = why
            else:
                _add(contract, sheet, part, result)
        part.write()
        if not sum(result.rows.values()):
            ignored = [f"«{sheet}», {why}" for sheet, why in list(result.ignored.items())[before:]]
            found = "sheets with headings and nothing below them"
            raise empty(contract, file, f"no sheet to read: {'; '.join(ignored)}" if ignored else found)
    return result


def _sheets(contract: Contract, file: Path) -> Iterator[tuple[str, bool, Cells]]:
    """Each worksheet that the contract does not ignore: its name, is it hidden, its cells."""
    ignored = contract.options(XlsOptions).ignore_sheets

    def is_ignored(name: str) -> bool:
        return any(fnmatchcase(name.strip(), pattern) for pattern in ignored)

    if contract.format == "xls":
        sheets = run_bounded(contract, file, xls.read_sheets, contract, file)
        yield from (sheet for sheet in sheets if not is_ignored(sheet[0]))
        return
    with opened_package(contract, file, contract.options(XlsxOptions).max_unpacked_bytes) as package:
        shared = visible(package.shared_texts())
        for entry in package.sheets:
            if not is_ignored(entry.name):
                yield entry.name, entry.is_hidden, read_cells(package, entry, shared)


def _reason_to_ignore(contract: Contract, sheet: Sheet) -> str | None:
    """Why a sheet is no table of the contract; None for one that is. Raises ExtractRefused for a hidden table."""
    if sheet.is_hidden:
        if not sheet.has_columns_of(contract):
            return "a hidden sheet without the contract's columns"
        rows = sheet.rows_below_heading()
        if rows:
            expected = "rows in visible sheets (or the sheet's name in the contract's ignoreSheets)"
            raise contract.refusal(sheet.name, expected, f"a hidden sheet with the contract's columns and {rows} rows")
        return "a hidden sheet with headings only"
    width = sum(column.required for column in contract.columns)
    if sheet.known_headings == 0 and not sheet.has_row_as_wide_as(width):
        return "a sheet without the contract's columns, and with no row as wide as a record"
    return None


class _Part:
    """Sheets that go into one raw part."""

    def __init__(self, folder: str, con: duckdb.DuckDBPyConnection, result: RawResult) -> None:
        self.con, self._folder, self._result = con, folder, result
        self._number = self._waiting = self._held_rows = self._held_bytes = 0
        self._queries: list[str] = []

    def hold(self, rows: pyarrow.Table) -> str:
        """Register the rows of a sheet until the part is written; returns the name of the relation."""
        self._waiting += 1
        self._held_rows += rows.num_rows
        self._held_bytes += rows.nbytes
        name = f"sheet_{self._waiting}"
        self.con.register(name, rows)
        return name

    def add(self, name: str, query: str) -> None:
        """Add the rows of `query` for the sheet `name`."""
        self._result.rows[name] = 0
        self._queries.append(f"({query})")
        if self._held_rows >= ROWS_A_PART or self._held_bytes >= BYTES_A_PART:
            self.write()

    def write(self) -> None:
        """Write what was added, and count the rows of each sheet."""
        if not self._queries:
            return
        self._number += 1
        write_part(self.con, " union all by name ".join(self._queries), self._folder, self._number)
        written = f"read_parquet({literal(part_path(self._folder, self._number))})"
        counts = self.con.execute(f"select _file, count(*) from {written} group by _file").fetchall()
        self._result.rows.update(counts)
        for number in range(1, self._waiting + 1):
            self.con.unregister(f"sheet_{number}")
        self._queries, self._waiting, self._held_rows, self._held_bytes = [], 0, 0, 0


def _add(contract: Contract, sheet: Sheet, part: _Part, result: RawResult) -> None:
    options = contract.options(XlsOptions)
    headings = sheet.headings
    matched = match_headings(contract, headings, sheet.name, sheet.heading_row)
    result.add_headings(matched, headings, sheet.name)
    unknown = [h for h in headings if h not in matched.values() and not h.startswith(NAMELESS)]
    result.unknown_columns.update(unknown)
    table = body(contract, sheet, matched)
    rows = part.hold(table)
    repeats = _repeats(part.con, rows, table, sheet, matched, options.heading_rows)
    for record in repeats:
        result.rejects.append(Reject(sheet.name, record, " | ".join(matched.values()), "heading_repeated"))
    if repeats:
        rows = f"(from {rows} where _record not in ({', '.join(map(str, repeats))}))"
    filled = {matched[c] for c in contract.columns if c.name in options.fill_down and c in matched}
    blank = " and ".join(f"{identifier(h)} is null" for h in matched.values() if h not in filled) or "false"
    # Rows empty in all known columns are no records; a merged cell may reach below the last record.
    rows = f"(select *, {blank} as _blank from {rows})"
    if filled:
        cells = ", ".join(
            f"last_value({identifier(h)} ignore nulls) over (order by _record "
            f"rows between unbounded preceding and current row) as {identifier(h)}"
            for h in sorted(filled)
        )
        rows = f"(select * replace ({cells}) from {rows})"
    columns = select_list(contract, matched, unknown)
    query = f"select {columns}, {literal(sheet.name)} as _file, _record from {rows} where not _blank"
    part.add(sheet.name, query + " order by _record" if filled else query)


def _repeats(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    table: pyarrow.Table,
    sheet: Sheet,
    matched: dict[Column, str],
    levels: int,
) -> list[int]:
    """The rows that repeat the heading; `rows` is the relation that holds the table."""
    width, at = len(sheet.headings), sheet.heading_row
    known = set(matched.values())
    heading: list[list[str | None]] = [[h if h in known else None for h in sheet.headings]]
    repeated = repeats_heading(matched)
    if levels > 1:
        heading = [row[:width] + [None] * (width - len(row)) for row in sheet.top[max(0, at - levels) : at]]
        repeated = " or ".join(_is_row(sheet.headings, row) for row in heading)
    if not any(_may_hold(table, row) for row in heading):
        return []
    found = con.execute(f"select _record from {rows} where {repeated} order by 1").fetchall()
    return [record for (record,) in found]


def _may_hold(table: pyarrow.Table, cells: list[str | None]) -> bool:
    """Does any row contain the text of the first of these cells? A quick check before a query."""
    import pyarrow.compute as pc

    at, cell = next(((n, c.strip()) for n, c in enumerate(cells) if c and c.strip()), (0, ""))
    return bool(cell) and bool(pc.any(pc.match_substring(table.column(at), cell)).as_py())


def _is_row(headings: list[str], cells: list[str | None]) -> str:
    """SQL condition for a row with these cells."""
    same = (
        f"{identifier(h)} is not distinct from {'null' if cell is None else literal(cell)}"
        for h, cell in zip(headings, cells, strict=True)
    )
    return f"({' and '.join(same)})"


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """The record number is already the row that Excel shows."""
    return {record: record for record in records}
