"""Workbooks of several sheets, XLSX and XLS; every cell becomes text."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import reduce
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
    repeats_heading,
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
        self._number = 0
        self._sheets: list[pyarrow.Table] = []
        self._names: dict[str, str] = {}

    def add(self, name: str, rows: pyarrow.Table) -> None:
        """Add the rows of the sheet `name`."""
        self._result.rows[name] = rows.num_rows
        # The headings of two sheets are one column to DuckDB though they differ in case.
        names = [self._names.setdefault(column.casefold(), column) for column in rows.column_names]
        self._sheets.append(rows.rename_columns(names))
        held_rows, held_bytes = (sum(getattr(s, size) for s in self._sheets) for size in ("num_rows", "nbytes"))
        if held_rows >= ROWS_A_PART or held_bytes >= BYTES_A_PART:
            self.write()

    def write(self) -> None:
        """Write what was added."""
        import pyarrow as pa

        if not self._sheets:
            return
        self._number += 1
        self.con.register("sheets", pa.concat_tables(self._sheets, promote_options="default"))
        write_part(self.con, "from sheets", self._folder, self._number)
        self.con.unregister("sheets")
        self._sheets = []


def _add(contract: Contract, sheet: Sheet, part: _Part, result: RawResult) -> None:
    options = contract.options(XlsOptions)
    headings = sheet.headings
    matched = match_headings(contract, headings, sheet.name, sheet.heading_row)
    result.add_headings(matched, headings, sheet.name)
    table = body(contract, sheet, matched)
    unknown = [
        name
        for name in table.column_names[:-1]
        if name not in matched.values() and not (name.startswith(NAMELESS) and table[name].null_count == len(table))
    ]
    result.unknown_columns.update(name for name in unknown if not name.startswith(NAMELESS))
    repeats = _repeats(part.con, table, sheet, matched, options.heading_rows)
    for record in repeats:
        result.rejects.append(Reject(sheet.name, record, " | ".join(matched.values()), "heading_repeated"))
    filled = {matched[c] for c in contract.columns if c.name in options.fill_down and c in matched}
    part.add(sheet.name, _raw_rows(contract, sheet.name, _records(table, matched, filled, repeats), matched, unknown))


def _records(table: pyarrow.Table, matched: dict[Column, str], filled: set[str], repeats: list[int]) -> pyarrow.Table:
    """The rows of a sheet that are records: not those that repeat the heading, nor those empty in all known columns.

    A merged cell, which is in `filled`, may reach below the last record.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if repeats:
        table = table.filter(pc.invert(pc.is_in(table["_record"], pa.array(repeats, "int64"))))
    present = [pc.is_valid(table[heading]) for heading in matched.values() if heading not in filled]
    for heading in filled:
        texts = pc.fill_null_forward(table[heading])
        table = table.set_column(table.column_names.index(heading), heading, texts)
    return table.filter(reduce(pc.or_, present)) if present else table


def _raw_rows(
    contract: Contract, name: str, table: pyarrow.Table, matched: dict[Column, str], unknown: list[str]
) -> pyarrow.Table:
    """Every column of the contract under its name, missing ones as null, then the unknown ones, `_file`, `_record`."""
    import pyarrow as pa

    empty = pa.nulls(table.num_rows, "string")
    columns = {c.name: table[matched[c]] if c in matched else empty for c in contract.columns}
    columns |= {f"unknown:{heading}": table[heading] for heading in unknown}
    return pa.table(columns | {"_file": pa.repeat(name, table.num_rows), "_record": table["_record"]})


def _repeats(
    con: duckdb.DuckDBPyConnection, table: pyarrow.Table, sheet: Sheet, matched: dict[Column, str], levels: int
) -> list[int]:
    """The rows that repeat the heading."""
    width, at = len(sheet.headings), sheet.heading_row
    known = set(matched.values())
    heading: list[list[str | None]] = [[h if h in known else None for h in sheet.headings]]
    repeated = repeats_heading(matched)
    if levels > 1:
        heading = [row[:width] + [None] * (width - len(row)) for row in sheet.top[max(0, at - levels) : at]]
        repeated = " or ".join(_is_row(sheet.headings, row) for row in heading)
    if not any(_may_hold(table, row) for row in heading):
        return []
    con.register("sheet", table)
    found = con.execute(f"select _record from sheet where {repeated} order by 1").fetchall()
    con.unregister("sheet")
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
