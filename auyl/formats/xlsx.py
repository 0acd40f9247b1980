"""Workbooks of several sheets, XLSX and XLS, read by calamine in Rust (`fastexcel`); every cell becomes text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Contract, heading_key, match_headings
from auyl.contracts.options import XlsOptions, XlsxOptions
from auyl.formats.archive import check_archive
from auyl.formats.biff import rows_by_sheet
from auyl.formats.common import (
    NAMELESS,
    RawResult,
    Reject,
    distinct,
    empty,
    part_path,
    repeats_heading,
    select_list,
    write_part,
)
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow

HEADING_WITHIN_ROWS = 30
# Workbooks have a sheet for each okrug: small sheets are written together into one part.
ROWS_A_PART = 61_440


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read the sheets of workbooks. `_file` is `name#sheet`, `_record` the row that Excel shows.

    Options: `XlsxOptions`. The heading is searched in the first 30 rows, since titles and dates are above it; a row
    that repeats it is a reject. Raises ExtractRefused, also for a sheet without the contract's headings.
    """
    import fastexcel

    result = RawResult()
    part = _Part(folder, con, result)
    for file in files:
        counted = _check(contract, file)
        try:
            book = fastexcel.read_excel(str(file))
        except BaseException as error:
            raise _unreadable(contract, file.name, "a workbook", error) from error
        for sheet in book.sheet_names:
            name = f"{file.name}#{sheet}"
            rows = _sheet_rows(contract, book, sheet, name)
            if counted is not None:
                _check_rows(contract, rows, counted[book.sheet_names.index(sheet)], name)
            if rows is not None:
                _add(contract, rows, name, part, result)
        part.write()
        if not sum(result.rows.values()):
            raise empty(contract, file, "sheets with headings and nothing below them")
    return result


def _sheet_rows(contract: Contract, book: object, sheet: str, name: str) -> pyarrow.Table | None:
    import pyarrow

    try:
        # With skip_rows=None the library drops empty first rows, and row numbers differ from those in Excel.
        batch = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_arrow()  # type: ignore[attr-defined]
    except BaseException as error:
        raise _unreadable(contract, name, "a readable sheet", error) from error
    return pyarrow.Table.from_batches([batch]) if batch.num_rows else None


def _check(contract: Contract, file: Path) -> list[int] | None:
    """Check a workbook before its library reads it; for XLS, the number of rows that each sheet must have."""
    if contract.format == "xls":
        return rows_by_sheet(contract, file)
    check_archive(contract, file, contract.options(XlsxOptions).max_unpacked_bytes)
    return None


def _check_rows(contract: Contract, rows: pyarrow.Table | None, expected: int, name: str) -> None:
    import pyarrow.compute as pc

    count = 0
    if rows is not None and rows.num_columns:
        filled = pc.is_valid(rows.column(0))
        for column in rows.columns[1:]:
            filled = pc.or_(filled, pc.is_valid(column))
        count = pc.sum(filled).as_py() or 0
    if count < expected:
        raise contract.refusal(name, f"{expected} rows with cells", f"{count} read")


def _unreadable(contract: Contract, name: str, expected: str, error: BaseException) -> BaseException:
    """The refusal for what the library cannot read; on some damage it panics, which is no Exception in Python."""
    import fastexcel

    if not isinstance(error, fastexcel.FastExcelError) and type(error).__name__ != "PanicException":
        return error
    return contract.refusal(name, expected, (str(error) or "damage").splitlines()[0])


class _Part:
    """Sheets that go into one raw part."""

    def __init__(self, folder: str, con: duckdb.DuckDBPyConnection, result: RawResult) -> None:
        self.con, self._folder, self._result = con, folder, result
        self._number = self._waiting = self._held_rows = 0
        self._queries: list[str] = []

    def hold(self, rows: pyarrow.Table) -> str:
        """Register the rows of a sheet until the part is written; returns the name of the relation."""
        self._waiting += 1
        self._held_rows += rows.num_rows
        name = f"sheet_{self._waiting}"
        self.con.register(name, rows)
        return name

    def add(self, name: str, query: str) -> None:
        """Add the rows of `query` for the sheet `name`."""
        self._result.rows[name] = 0
        self._queries.append(f"({query})")
        if self._held_rows >= ROWS_A_PART:
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
        self._queries, self._waiting, self._held_rows = [], 0, 0


def _add(contract: Contract, rows: pyarrow.Table, name: str, part: _Part, result: RawResult) -> None:
    con = part.con
    options = contract.options(XlsOptions)
    levels = options.heading_rows
    top = [list(row.values()) for row in rows.slice(0, HEADING_WITHIN_ROWS).to_pylist()]
    at, headings = _heading(contract, top, levels)
    matched = match_headings(contract, headings, name, at + 1)
    result.add_headings(matched, headings, name)
    unknown = [h for h in headings if h not in matched.values() and not h.startswith(NAMELESS)]
    result.unknown_columns.update(unknown)
    body = rows.rename_columns(headings).slice(at + 1)
    numbered = f"(select *, row_number() over () + {at + 1} as _record from {part.hold(body)})"
    known = set(matched.values())
    heading_rows: list[list[str | None]] = [[h if h in known else None for h in headings]]
    repeated = repeats_heading(matched)
    if levels > 1:
        heading_rows = top[max(0, at - levels + 1) : at + 1]
        repeated = " or ".join(_is_row(headings, row) for row in heading_rows)
    repeats = []
    if any(_may_hold(body, row) for row in heading_rows):
        repeats = con.execute(f"select _record from {numbered} where {repeated} order by 1").fetchall()
    for (record,) in repeats:
        result.rejects.append(Reject(name, record, " | ".join(matched.values()), "heading_repeated"))
    if repeats:
        numbered = f"(from {numbered} where _record not in ({', '.join(str(record) for (record,) in repeats)}))"
    filled = {matched[c] for c in contract.columns if c.name in options.fill_down and c in matched}
    blank = " and ".join(f"{identifier(h)} is null" for h in matched.values() if h not in filled) or "false"
    # Rows empty in all known columns are no records; a merged cell may reach below the last record.
    numbered = f"(select *, {blank} as _blank from {numbered})"
    if filled:
        cells = ", ".join(
            f"last_value(nullif(trim({identifier(h)}), '') ignore nulls) over (order by _record "
            f"rows between unbounded preceding and current row) as {identifier(h)}"
            for h in sorted(filled)
        )
        numbered = f"(select * replace ({cells}) from {numbered})"
    query = (
        f"select {select_list(contract, matched, unknown)}, {literal(name)} as _file, _record "
        f"from {numbered} where not _blank"
    )
    if filled:
        query += " order by _record"
    part.add(name, query)


def _may_hold(rows: pyarrow.Table, cells: list[str | None]) -> bool:
    """Does any row contain the text of the first of these cells? A quick check before a query."""
    import pyarrow.compute as pc

    at, cell = next(((n, c.strip()) for n, c in enumerate(cells) if c and c.strip()), (0, ""))
    return bool(cell) and bool(pc.any(pc.match_substring(rows.column(at).cast("string"), cell)).as_py())


def _is_row(headings: list[str], cells: list[str | None]) -> str:
    """SQL condition for a row with these cells."""
    same = (
        f"{identifier(h)} is not distinct from {'null' if cell is None else literal(cell)}"
        for h, cell in zip(headings, cells, strict=True)
    )
    return f"({' and '.join(same)})"


def _heading(contract: Contract, top: list[list[str | None]], levels: int) -> tuple[int, list[str]]:
    """Index of the last row of the heading, and the headings: distinct, those of empty cells by their number."""
    known = {heading_key(n) for column in contract.columns for n in column.names}
    lines = [_joined(top[end - levels + 1 : end + 1]) for end in range(levels - 1, len(top))] or [_joined(top)]
    scores = [sum(heading_key(cell) in known for cell in line if cell) for line in lines]
    at = scores.index(max(scores))
    if scores[at] == 0:
        at = next((i for i, line in enumerate(lines) if sum(cell is not None for cell in line) > 1), 0)
    return at + min(levels, len(top)) - 1, distinct(lines[at])


def _joined(rows: list[list[str | None]]) -> list[str | None]:
    """One heading per column. A cell merged over several columns is the group of each of them."""
    if len(rows) == 1:
        return rows[0]
    line, group = [], None
    for above, below in zip(*rows, strict=True):
        group = above or group
        line.append(f"{group} / {below}" if group and below else below or above)
    return line


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """The record number is already the row that Excel shows."""
    return {record: record for record in records}
