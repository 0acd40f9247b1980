"""A sheet as a table: where its heading is, and what the contract's columns make of its cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from auyl.contracts import Column, Contract, heading_key
from auyl.formats.cells import Cells
from auyl.formats.common import NAMELESS, distinct
from auyl.formats.marks import DATE, mark
from auyl.formats.numbers import MOMENT, PADDED, unpadded

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

HEADING_WITHIN_ROWS = 30
# Of a sheet with more columns right of its heading, these are enough to see it by.
MOST_NAMELESS = 20


@dataclass
class Sheet:
    """The cells of one sheet and its heading. `heading_row` is the last row of the heading, as Excel shows it.

    `headings` are distinct; those of columns without one say their number. `top` are the rows from the first, dense.
    """

    name: str
    is_hidden: bool
    cells: Cells
    top: list[list[str | None]]
    heading_row: int
    headings: list[str]
    known_headings: int

    def has_columns_of(self, contract: Contract) -> bool:
        """Are all required columns of the contract in its heading?"""
        keys = {heading_key(heading) for heading in self.headings}
        return all(keys & set(map(heading_key, c.names)) for c in contract.columns if c.required)

    def has_row_as_wide_as(self, cells: int) -> bool:
        """Does any row have so many cells?"""
        import numpy as np

        return bool(len(self.cells.rows)) and int(np.bincount(self.cells.rows).max()) >= cells

    def rows_below_heading(self) -> int:
        """Number of rows below the heading that are not blank."""
        import numpy as np

        return len(np.unique(self.cells.rows[self.cells.rows > self.heading_row]))


def sheet_of(contract: Contract, name: str, is_hidden: bool, cells: Cells, levels: int) -> Sheet:
    """The sheet with the heading that is found in its first 30 rows; it has `levels` rows."""
    top = _top(cells)
    at, line, score = _heading(contract, top, levels)
    width = max((n for n, cell in enumerate(line, start=1) if cell is not None), default=0)
    row = at + min(levels, len(top))
    return Sheet(name, is_hidden, cells, top, row, distinct(line[:width]), score)


def _heading(contract: Contract, top: list[list[str | None]], levels: int) -> tuple[int, list[str | None], int]:
    """Index of the first row of the heading, its cells, and how many of them the contract knows."""
    known, required = _known_headings(contract)
    lines = [_joined(top[end - levels + 1 : end + 1]) for end in range(levels - 1, len(top))] or [_joined(top)]
    best, at = 0, -1
    for number, line in enumerate(lines):
        columns = [known[key] for cell in line if cell and (key := heading_key(cell)) in known]
        if len(columns) > best:
            best, at = len(columns), number
        if required <= set(columns):
            break
    if at < 0:
        at = next((i for i, line in enumerate(lines) if sum(cell is not None for cell in line) > 1), 0)
    return at, lines[at], best


@cache
def _known_headings(contract: Contract) -> tuple[dict[str, str], set[str]]:
    """Each heading that the contract knows with its column, and the required columns."""
    known = {heading_key(name): column.name for column in contract.columns for name in column.names}
    return known, {column.name for column in contract.columns if column.required}


def _top(cells: Cells) -> list[list[str | None]]:
    import numpy as np
    import pyarrow as pa

    chosen = np.flatnonzero(cells.rows <= HEADING_WITHIN_ROWS)
    rows, columns = cells.rows[chosen], cells.columns[chosen]
    top: list[list[str | None]] = [[None] * int(columns.max(initial=0)) for _ in range(int(rows.max(initial=1)))]
    for row, column, text in zip(rows, columns, cells.texts.take(pa.array(chosen)).to_pylist(), strict=True):
        top[row - 1][column - 1] = text
    return top


def _joined(rows: list[list[str | None]]) -> list[str | None]:
    """One heading per column. A cell merged over several columns is the group of each of them."""
    if len(rows) == 1:
        return rows[0]
    line, group = [], None
    for above, below in zip(*rows, strict=True):
        group = above or group
        line.append(f"{group} / {below}" if group and below else below or above)
    return line


def body(contract: Contract, sheet: Sheet, matched: dict[Column, str]) -> pa.Table:
    """The rows below the heading: a column per heading, some right of it that hold something, `_record` (Excel's row).

    Raises ExtractRefused for a cell that the sheet has twice.
    """
    import numpy as np
    import pyarrow as pa

    cells = sheet.cells
    below = (cells.rows > sheet.heading_row) & (cells.columns <= len(sheet.headings))
    present = np.zeros(int(cells.rows.max(initial=0)) + 1, bool)
    present[cells.rows[below]] = True
    records = np.flatnonzero(present)
    position = np.cumsum(present) - 1
    column_of = {heading: column for column, heading in matched.items()}
    arrays: list[pa.Array] = []
    below = (cells.rows > sheet.heading_row) & present[cells.rows]
    right = np.unique(cells.columns[below & (cells.columns > len(sheet.headings))])[:MOST_NAMELESS]
    headings = dict(enumerate(sheet.headings, start=1)) | {int(n): f"{NAMELESS}{n}" for n in right}
    for number, heading in headings.items():
        chosen = np.flatnonzero(below & (cells.columns == number))
        source = np.full(len(records), -1)
        source[position[cells.rows[chosen]]] = chosen
        if np.count_nonzero(source >= 0) != len(chosen):
            claimed = column_of.get(heading)
            column = claimed.source if claimed else f"{NAMELESS}{number}"
            raise contract.refusal(sheet.name, "each cell once", "a cell that comes twice", column=column)
        texts = cells.texts.take(pa.array(source, mask=source < 0))
        kinds = np.where(source < 0, 0, cells.kinds[source]) if len(cells.kinds) else np.zeros(0)
        arrays.append(_contracted(texts, kinds, column_of.get(heading)))
    return pa.table([*arrays, pa.array(records, "int64")], names=[*headings.values(), "_record"])


def _contracted(texts: pa.Array, kinds: np.ndarray, column: Column | None) -> pa.Array:
    """The cells of a column as its contract takes them: a date where it promises none is marked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column is None or not kinds.any():
        return texts
    is_moment = pa.array(kinds == MOMENT)
    if column.type not in ("date", "timestamp"):
        texts = pc.if_else(is_moment, pc.binary_join_element_wise(mark(DATE), texts, " "), texts)
    if column.type in ("integer", "number"):
        texts = pc.if_else(pa.array(kinds == PADDED), unpadded(texts), texts)
    return texts
