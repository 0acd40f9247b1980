"""The cells of a worksheet that hold something, as text, whatever rectangle the sheet claims to fill.

A cell is a text and a kind (`auyl.formats.numbers`): what the contract's type of its column makes of a date or of a
padded code is decided where the columns are known. Errors are their own text, and formulas without a result are marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auyl.errors import ExtractRefused
from auyl.formats.marks import NOT_COMPUTED, mark
from auyl.formats.numbers import MOMENT, PLAIN, formatted, index, number_texts
from auyl.formats.ooxml import EMPTY_VALUE, Package, SheetEntry, joined

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# Rows and columns that a worksheet can have.
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
# Signs that leave no mark on paper: a cell of them alone is a blank one.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u034f\u061c\u180e\u202a\u202c\u3164\ufe0e\ufe0f"
# ASCII, and the first bytes of Cyrillic in UTF-8.
_VISIBLE = bytes((*range(0x21, 0x7F), 0xD0, 0xD1, 0xD2, 0xD3))
_ESCAPED = re.compile(b"_x[0-9A-Fa-f]{4}_")
# A full sheet of thirty columns; texts that repeat a long shared one are as dangerous as many cells.
MAX_CELLS, MAX_TEXT_BYTES = 32 << 20, 1 << 30
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Cells:
    """Cells of one sheet that are not blank: rows and columns from 1, texts, kinds; each of as many entries."""

    rows: np.ndarray
    columns: np.ndarray
    texts: pa.Array
    kinds: np.ndarray


def read_cells(package: Package, sheet: SheetEntry, shared: pa.Array) -> Cells:
    """The cells of a sheet. `shared` are the workbook's shared texts, blank ones null. Raises ExtractRefused."""
    import numpy as np
    import pyarrow as pa

    reader, inline = _Reader(package, sheet, shared), []
    for name, batch in package.batches(sheet.part, "worksheet"):
        if name == "run":
            inline.append(batch)
        else:
            reader.add(batch)
    parts = [*reader.parts, *reader.inline_parts(inline)]
    if not parts:
        return Cells(np.zeros(0, "int32"), np.zeros(0, "int32"), pa.array([], "string"), np.zeros(0, "int8"))
    return Cells(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.columns for part in parts]),
        pa.chunked_array([part.texts for part in parts], "string").combine_chunks(),
        np.concatenate([part.kinds for part in parts]),
    )


def visible(texts: pa.Array) -> pa.Array:
    """The texts, with null for blank ones, and the escapes of control characters resolved."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    content = texts.buffers()[2]
    if content and _ESCAPED.search(content):
        texts = pa.array([None if text is None else _unescaped(text) for text in texts.to_pylist()], "string")
        content = texts.buffers()[2]
    # Blank signs begin with other bytes, so most texts need no closer look.
    starts, ends = _offsets(texts)
    first = np.zeros(len(texts), "u1")
    filled = ends > starts
    first[filled] = np.frombuffer(content or b"", "u1")[starts[filled]]
    odd = np.flatnonzero(~np.isin(first, np.frombuffer(_VISIBLE, "u1"), kind="table"))
    if not len(odd):
        return texts
    bare = pc.utf8_trim_whitespace(pc.utf8_trim(pc.utf8_trim_whitespace(texts.take(pa.array(odd))), INVISIBLE))
    blank = np.zeros(len(texts), bool)
    blank[odd] = np.asarray(pc.fill_null(pc.equal(bare, ""), False))
    return pc.if_else(pa.array(blank), None, texts) if blank.any() else texts


def _offsets(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Where in its buffer each text begins and ends."""
    import numpy as np

    offsets = np.frombuffer(texts.buffers()[1] or bytes(4), "i4")[texts.offset : texts.offset + len(texts) + 1]
    return offsets[:-1], offsets[1:]


def _unescaped(text: str) -> str:
    """ECMA-376, 22.9.2.19: `_x000D_` is a carriage return, `_x005F_` an underscore."""

    def sign(match: re.Match[str]) -> str:
        code = int(match.group(1), 16)
        return match.group() if 0xD800 <= code <= 0xDFFF else chr(code)

    return re.sub("_x([0-9A-Fa-f]{4})_", sign, text)


@dataclass
class _Reader:
    """Cells of a sheet, collected batch by batch."""

    package: Package
    sheet: SheetEntry
    shared: pa.Array
    parts: list[Cells] = field(default_factory=list)
    waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    cells: int = 0
    bytes: int = 0
    # The last row with a number of its own: its place in the file and its number; the same of the last cell.
    last_row: tuple[int, int] = (-1, 0)
    last_cell: tuple[int, int, int] = (-1, -1, 0)

    def refusal(self, expected: str, found: str, row: int | None = None) -> ExtractRefused:
        return self.package.contract.refusal(f"{self.package.file.name}#{self.sheet.name}", expected, found, row)

    def add(self, batch: pa.RecordBatch) -> None:
        """Add a batch of the table `cell` of `worksheet.xml2arrow.yaml`."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        rows, columns = self._places(batch)
        types = batch.column("type").dictionary_encode()
        names = [*types.dictionary.to_pylist(), "n"]
        kinds = np.asarray(pc.fill_null(types.indices, len(names) - 1))
        values = batch.column("value")
        is_inline = np.isin(kinds, [n for n, name in enumerate(names) if name == "inlineStr"])
        if is_inline.any():
            self.waiting.append((_keys(batch)[is_inline], rows[is_inline], columns[is_inline]))
        is_empty = np.asarray(pc.fill_null(pc.equal(values, EMPTY_VALUE), True))
        missing = self._not_computed(
            batch, np.isin(kinds, [n for n, name in enumerate(names) if name == "str"]), is_empty
        )
        read = ~is_inline & ~is_empty & ~missing
        for number, name in enumerate(names):
            chosen = np.flatnonzero(read & (kinds == number))
            if len(chosen):
                styles = batch.column("style").take(chosen)
                self._add_type(name, values.take(chosen), styles, rows[chosen], columns[chosen])
        if missing.any():
            marks = pa.repeat(pa.scalar(mark(NOT_COMPUTED)), int(missing.sum()))
            self._add_part(rows[missing], columns[missing], marks, PLAIN)

    def _not_computed(self, batch: pa.RecordBatch, is_text: np.ndarray, is_empty: np.ndarray) -> np.ndarray:
        """Which cells are formulas without a result. Zero is none where the workbook was not calculated."""
        import numpy as np
        import pyarrow.compute as pc

        is_formula = np.zeros(batch.num_rows, bool)
        for name in ("formula", "shared_formula", "formula_type"):
            column = batch.column(name)
            if column.null_count < batch.num_rows:
                is_formula |= np.asarray(pc.is_valid(column))
        if not is_formula.any():
            return is_formula
        values = batch.column("value")
        has_result = np.asarray(pc.is_valid(values)) & (~is_empty | is_text)
        if not self.package.is_calculated:
            zero = np.asarray(pc.fill_null(pc.match_substring_regex(values, r"^\s*-?0+(?:\.0*)?\s*$"), False))
            has_result &= ~is_empty & ~(zero & ~is_text)
        return is_formula & ~has_result

    def _add_type(self, type_: str, values: pa.Array, styles: pa.Array, rows: np.ndarray, columns: np.ndarray) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if type_ == "s":
            self._add_part(rows, columns, self._shared_texts(values), PLAIN)
        elif type_ == "str":
            self._add_part(rows, columns, visible(values), PLAIN)
        elif type_ == "e":
            values = pc.utf8_trim_whitespace(values)
            known = pc.match_substring_regex(values, "^#(?:N/A|GETTING_DATA|[A-Z/0]+[!?])$")
            unknown = pa.scalar(mark(NOT_COMPUTED, "an error"))
            self._add_part(rows, columns, pc.if_else(known, values, unknown), PLAIN)
        elif type_ == "b":
            values = pc.utf8_trim_whitespace(values)
            is_set = pc.equal(values, "1")
            words = pc.if_else(is_set, "true", pc.if_else(pc.equal(values, "0"), "false", values))
            self._add_part(rows, columns, words, PLAIN)
        elif type_ == "d":
            moments = pc.replace_substring_regex(pc.utf8_trim_whitespace(values), "^(.{10})T", r"\1 ")
            moments = pc.replace_substring_regex(moments, r" 00:00:00(?:\.0+)?$", "")
            self._add_part(rows, columns, moments, MOMENT)
        else:
            formats = self.package.formats
            coded = pc.fill_null(styles, "0").dictionary_encode()
            which = [index(style) for style in coded.dictionary.to_pylist()]
            special = {n for n, s in enumerate(which) if 0 <= s < len(formats) and formats[s].kind != "number"}
            indices = np.asarray(coded.indices)
            plain = ~np.isin(indices, list(special))
            self._add_part(rows[plain], columns[plain], number_texts(values.filter(pa.array(plain))), PLAIN)
            for number in special:
                chosen = indices == number
                how = formats[which[number]]
                texts, kind = formatted(values.filter(pa.array(chosen)), how, self.package.is_1904)
                self._add_part(rows[chosen], columns[chosen], texts, kind)

    def _shared_texts(self, values: pa.Array) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            numbers = pc.utf8_trim_whitespace(values).cast("int32")
        except pa.ArrowInvalid:
            raise self.refusal("numbers of shared texts", "a cell with another value") from None
        if len(numbers) and not 0 <= pc.min(numbers).as_py() <= pc.max(numbers).as_py() < len(self.shared):
            raise self.refusal(f"one of {len(self.shared):,} shared texts in each cell", "a cell that refers to none")
        size = pc.sum(pc.binary_length(self.shared).take(numbers)).as_py() or 0
        self._check_size(size)
        return self.shared.take(numbers)

    def _check_size(self, more_bytes: int = 0) -> None:
        if self.cells > MAX_CELLS or self.bytes + more_bytes > MAX_TEXT_BYTES:
            expected = f"at most {MAX_CELLS:,} cells and {MAX_TEXT_BYTES >> 20:,} MiB of text in a sheet"
            raise self.refusal(expected, "more")

    def _add_part(self, rows: np.ndarray, columns: np.ndarray, texts: pa.Array, kind: int) -> None:
        import numpy as np

        self.cells += len(texts)
        self.bytes += texts.nbytes
        self._check_size()
        if texts.null_count:
            valid = np.asarray(texts.is_valid())
            rows, columns, texts = rows[valid], columns[valid], texts.drop_null()
        if len(rows):
            self.parts.append(Cells(rows, columns, texts, np.full(len(rows), kind, "int8")))

    def inline_parts(self, batches: list[pa.RecordBatch]) -> list[Cells]:
        """Cells whose text stands in themselves; `batches` are those of the table `run`."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if not batches or not self.waiting:
            return []
        runs = pa.Table.from_batches(batches).combine_chunks()
        texts = pc.coalesce(runs.column("t"), runs.column("rich")).combine_chunks()
        waiting, rows, columns = (np.concatenate(part) for part in zip(*self.waiting, strict=True))
        keys = _keys(runs)
        # Nearly every text is one run.
        if not np.array_equal(keys, waiting):
            keys, of = np.unique(keys, return_inverse=True)
            texts = joined(pa.array(of), texts, len(keys))
            at = np.searchsorted(keys, waiting)
            present = (at < len(keys)) & (keys[np.minimum(at, len(keys) - 1)] == waiting)
            texts, rows, columns = texts.take(at[present]), rows[present], columns[present]
        self.parts.clear()
        self._add_part(rows, columns, visible(texts), PLAIN)
        return self.parts

    def _places(self, batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of each cell, from its reference; without one they follow the row and the cell before."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        references = batch.column("reference")
        valid = np.asarray(references.is_valid())
        letters = pc.ascii_rtrim(references, "0123456789").dictionary_encode()
        try:
            known_rows = pc.fill_null(pc.ascii_ltrim(references, _LETTERS).cast("int32"), 0)
            known_columns = [_column(text) for text in letters.dictionary.to_pylist()]
        except (pa.ArrowInvalid, ValueError):
            raise self.refusal("cells of A1 to XFD1048576", "a cell with another reference") from None
        rows = np.asarray(known_rows)
        columns = np.asarray([*known_columns, 0], "int32")[
            np.asarray(pc.fill_null(letters.indices, len(known_columns)))
        ]
        if not valid.all():
            rows, columns = self._counted_places(batch, valid, rows, columns)
        if len(rows) and not (
            1 <= rows.min() <= rows.max() <= MAX_ROWS and 1 <= columns.min() <= columns.max() <= MAX_COLUMNS
        ):
            raise self.refusal("cells of A1 to XFD1048576", "a cell outside of them")
        if len(rows):
            place = int(batch.column(0)[-1].as_py())
            self.last_row = (place, int(rows[-1]))
            self.last_cell = (place, int(batch.column(1)[-1].as_py()), int(columns[-1]))
        return rows, columns

    def _counted_places(
        self, batch: pa.RecordBatch, valid: np.ndarray, rows: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np
        import pyarrow.compute as pc

        place, cell = (np.asarray(batch.column(n)).astype("int64") for n in (0, 1))
        numbers = np.asarray(pc.fill_null(batch.column("row_number").cast("int64"), 0))
        numbers = np.where(valid, rows, numbers)
        # The nearest row before, or the same, that says its number.
        known = _latest(numbers > 0)
        before = known < 0
        row = np.where(before, self.last_row[1] + place - self.last_row[0], numbers[known] + place - place[known])
        known = _latest(valid)
        same = (known >= 0) & (place[known] == place)
        column = np.where(same, columns[known] + cell - cell[known], cell + 1)
        last_place, last_cell, last_column = self.last_cell
        column = np.where(~same & (place == last_place), last_column + cell - last_cell, column)
        return row.astype("int32"), column.astype("int32")


def _latest(flags: np.ndarray) -> np.ndarray:
    """For each entry the index of the last one up to it that is true, or -1."""
    import numpy as np

    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))


def _keys(batch: pa.RecordBatch | pa.Table) -> np.ndarray:
    """One number for each cell of the file, by its row and its place in it."""
    import numpy as np

    return np.asarray(batch.column(0)).astype("int64") * (1 << 32) + np.asarray(batch.column(1)).astype("int64")


def _column(letters: str) -> int:
    """Number of a column, from 1. Raises ValueError."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
