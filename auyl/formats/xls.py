"""Cells of old workbooks (XLS), read by `xlrd`, which keeps errors, dates and number formats apart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Contract
from auyl.formats.biff import check_workbook
from auyl.formats.cells import Cells, visible
from auyl.formats.marks import NOT_COMPUTED, mark
from auyl.formats.numbers import PLAIN, CellFormat, cell_format, formatted

if TYPE_CHECKING:
    import xlrd

# Workbooks of Excel 95 and of programs that write its format; without a record of their code page they are Russian.
OLD_ENCODING = "cp1251"


def read_sheets(contract: Contract, file: Path) -> list[tuple[str, bool, Cells]]:
    """Each worksheet: its name, is it hidden, its cells. Raises ExtractRefused.

    Everything is a Python object for a while, at up to thirty times the size of the file: see `run_bounded`.
    """
    import xlrd

    checked = check_workbook(contract, file)
    sheets = []
    try:
        with Path(os.devnull).open("w") as log:
            book = xlrd.open_workbook(
                str(file), logfile=log, formatting_info=True, on_demand=True, ragged_rows=True,
                encoding_override=None if checked.says_encoding else OLD_ENCODING,
            )  # fmt: skip
            for name, expected in zip(book.sheet_names(), checked.sheets, strict=True):
                sheet = book.sheet_by_name(name)
                cells, rows = _cells(book, sheet, expected.not_computed)
                book.unload_sheet(name)
                if rows < expected.rows:
                    raise contract.refusal(f"{file.name}#{name}", f"{expected.rows} rows with cells", f"{rows} read")
                sheets.append((name, sheet.visibility != 0, cells))
    except (
        xlrd.XLRDError,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        ValueError,
        TypeError,
    ) as error:
        found = f"damage that stops its reader ({type(error).__name__})"
        raise contract.refusal(file, "a whole old workbook (XLS)", found) from error
    return sheets


def _cells(book: xlrd.Book, sheet: Any, not_computed: frozenset[tuple[int, int]]) -> tuple[Cells, int]:
    """The cells of a sheet that are not blank, and the number of its rows that have any cell."""
    import numpy as np
    import pyarrow as pa
    import xlrd

    texts: dict[tuple[int, int], str] = {}
    numbers: dict[CellFormat, list[tuple[int, int, str]]] = {}
    filled = set()
    for row in range(sheet.nrows):
        for column, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True)):
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                continue
            filled.add(row)
            if (row, column) in not_computed:
                texts[row, column] = mark(NOT_COMPUTED)
            elif kind == xlrd.XL_CELL_TEXT:
                texts[row, column] = value
            elif kind == xlrd.XL_CELL_BOOLEAN:
                texts[row, column] = "true" if value else "false"
            elif kind == xlrd.XL_CELL_ERROR:
                texts[row, column] = xlrd.error_text_from_code.get(value, mark(NOT_COMPUTED, "an error"))
            else:
                how = _format(book, sheet.cell_xf_index(row, column))
                numbers.setdefault(how, []).append((row, column, repr(value).removesuffix(".0")))
    places = np.array([*texts], "int32").reshape(-1, 2)
    parts, kinds = [visible(pa.array([*texts.values()], "string"))], [np.full(len(texts), PLAIN, "int8")]
    for how, found in numbers.items():
        part, kind = formatted(pa.array([text for *_, text in found], "string"), how, bool(book.datemode))
        parts.append(part)
        kinds.append(np.full(len(found), kind, "int8"))
        places = np.concatenate([places, np.array([(row, column) for row, column, _ in found], "int32")])
    whole = pa.chunked_array(parts, "string").combine_chunks()
    valid = np.asarray(whole.is_valid())
    places = places[valid] + 1
    return Cells(places[:, 0], places[:, 1], whole.drop_null(), np.concatenate(kinds)[valid]), len(filled)


def _format(book: xlrd.Book, style: int) -> CellFormat:
    known = book.format_map[book.xf_list[style].format_key]
    return cell_format(known.format_key, known.format_str)
