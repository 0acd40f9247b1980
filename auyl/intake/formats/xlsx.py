"""Workbooks of several sheets, read by calamine in Rust (`fastexcel`); every cell becomes text."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Contract, heading_key, match_headings
from auyl.duck import identifier, literal
from auyl.errors import ExtractRefused
from auyl.intake.formats.common import RawResult, empty, select_list, write_part

if TYPE_CHECKING:
    import duckdb
    import pyarrow

HEADING_WITHIN_ROWS = 30
# Sheets of text pack to a tenth or a thirtieth; what packs tighter than this, beyond some size, is a bomb.
MAX_PACKING = 200
PACKING_MATTERS_BYTES = 64 << 20


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read the sheets of workbooks. `_file` is `name#sheet`, `_record` the row that Excel shows.

    Option `maxUnpackedBytes` bounds what the archive may unpack to. The heading is searched in the first 30 rows,
    since titles and dates stand above it. A sheet without the contract's headings is refused, not passed over.
    """
    import fastexcel

    result = RawResult()
    number = 0
    for file in files:
        if file.stat().st_size == 0:
            raise empty(contract, file.name, "an empty file, 0 bytes")
        check_archive(contract, file)
        try:
            book = fastexcel.read_excel(str(file))
        except fastexcel.FastExcelError as error:
            found = str(error).splitlines()[0]
            raise ExtractRefused(contract.registry, file.name, "a workbook (XLSX)", found, contract.mender) from error
        for sheet in book.sheet_names:
            number += 1
            name = f"{file.name}#{sheet}"
            rows = _sheet_rows(contract, book, sheet, name)
            if rows is not None:
                result.rows[name] = _write(contract, rows, name, folder, number, con, result)
        if not sum(result.rows.values()):
            raise empty(contract, file.name, "sheets with headings and nothing below them")
    return result


def check_archive(contract: Contract, file: Path) -> None:
    """Unpack an archive into nothing, counting, before any library is let at it.

    The sizes that an archive states are its own claim, so a bomb may state small ones. Raises ExtractRefused.
    """
    limit = int(contract.options.get("maxUnpackedBytes", 4 << 30))
    limit = min(limit, max(PACKING_MATTERS_BYTES, MAX_PACKING * file.stat().st_size))
    total = 0
    try:
        with zipfile.ZipFile(file) as archive:
            for item in archive.infolist():
                if item.flag_bits & 1:
                    raise ExtractRefused(
                        contract.registry, file.name, "an archive without a password", item.filename, contract.mender
                    )
                with archive.open(item) as stream:
                    while chunk := stream.read(1 << 20):
                        total += len(chunk)
                        if total > limit:
                            raise ExtractRefused(
                                contract.registry,
                                file.name,
                                f"at most {limit:,} bytes unpacked",
                                f"more, in {file.stat().st_size:,} bytes packed",
                                contract.mender,
                            )
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError, zlib.error) as error:
        raise ExtractRefused(
            contract.registry, file.name, "a whole ZIP archive (XLSX is one)", str(error), contract.mender
        ) from error


def _sheet_rows(contract: Contract, book: object, sheet: str, name: str) -> pyarrow.Table | None:
    import fastexcel
    import pyarrow

    try:
        # skip_rows=0: with None empty first rows vanish, and with them the row numbers that people see.
        batch = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_arrow()  # type: ignore[attr-defined]
    except fastexcel.FastExcelError as error:
        found = str(error).splitlines()[0]
        raise ExtractRefused(contract.registry, name, "a readable sheet", found, contract.mender) from error
    return pyarrow.Table.from_batches([batch]) if batch.num_rows else None


def _write(
    contract: Contract,
    rows: pyarrow.Table,
    name: str,
    folder: str,
    number: int,
    con: duckdb.DuckDBPyConnection,
    result: RawResult,
) -> int:
    top = [list(row.values()) for row in rows.slice(0, HEADING_WITHIN_ROWS).to_pylist()]
    known = {heading_key(n) for column in contract.columns for n in (column.source, *column.aliases)}
    scores = [sum(heading_key(str(cell)) in known for cell in row if cell) for row in top]
    at = scores.index(max(scores))
    if scores[at] == 0:
        at = next((i for i, row in enumerate(top) if sum(cell is not None for cell in row) > 1), 0)
    headings = [str(cell) if cell is not None else f"column {i + 1}" for i, cell in enumerate(top[at])]
    headings = [h if headings.index(h) == i else f"{h} ({i + 1})" for i, h in enumerate(headings)]
    found = match_headings(contract, headings, name, at + 1)
    result.came_as(found, headings)
    unknown = [h for h in headings if h not in found.values() and not h.startswith("column ")]
    result.unknown_columns.update(unknown)
    body = rows.rename_columns(headings).slice(at + 1)
    con.register("sheet", body)
    blank = " and ".join(f"{identifier(h)} is null" for h in found.values())
    # Rows with nothing in any known column are the paper's end, not records.
    query = (
        f"select * exclude (_blank) from (select {select_list(contract, found, unknown)}, {literal(name)} as _file, "
        f"row_number() over () + {at + 1} as _record, {blank} as _blank from sheet) where not _blank"
    )
    written = write_part(con, query, folder, number)
    con.unregister("sheet")
    return written


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """The row that Excel shows is the record number already."""
    return {record: record for record in records}
