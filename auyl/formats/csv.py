"""Delimited text in any encoding: taken apart into records, then read by DuckDB with every column as text."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Column, Contract, heading_key, match_headings
from auyl.contracts.options import CsvOptions
from auyl.formats.common import NAMELESS, RawResult, Reject, distinct, empty, select_list, write_part
from auyl.formats.csv_records import CsvRecords
from auyl.formats.encoding import SAMPLE_BYTES, check_text, guess
from auyl.formats.lines import HEADING_WITHIN_LINES, Chunk, Lines, encoding_of
from auyl.store.duck import literal

if TYPE_CHECKING:
    import duckdb

# Tried in this order to explain strange headings; only the contract decides how a file is read.
OTHER_ENCODINGS = ("utf-8-sig", "cp1251", "utf-16", "cp866", "koi8-r")
DELIMITERS = (";", ",", "\t", "|")
_Row = tuple[int, int, list[str]]


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read delimited files. Options: `CsvOptions`.

    `_record` counts the records of a file that are no rejects; `CsvRecords` says what a record is. The heading is
    searched in the first 30 lines. A file whose last line has no line end counts as truncated, unless `finalNewline` is
    false. Raises ExtractRefused.
    """
    import duckdb

    result = RawResult()
    for number, file in enumerate(files, start=1):
        table = _open(contract, file)
        headings = distinct(table.heading.cells)
        matched = match_headings(contract, headings, file.name, table.heading.line)
        result.add_headings(matched, headings, file.name)
        unknown = sorted(set(headings) - set(matched.values()))
        result.unknown_columns.update(h for h in unknown if not h.startswith(NAMELESS))
        text = work / f"records-{number}.csv"
        count = 0
        with text.open("w", encoding="utf-8", newline="") as out:
            for records, _ in table.read():
                count += len(records)
                out.write("".join([f"{record}\n" for record in records]))
        rejects = [*table.heading.records_above(file.name, _delimiter(contract))]
        rejects += sorted(table.records.rejects + table.lines.rejects, key=lambda reject: reject.line)
        if count == 0 and not rejects:
            raise empty(contract, file, "a heading and nothing below it")
        columns = ", ".join(f"{literal(h)}: 'varchar'" for h in headings)
        # Wildcards of DuckDB's paths are ordinary characters here.
        address = re.sub(r"([*?\[])", r"[\1]", str(text))
        query = (
            f"select {select_list(contract, matched, unknown)}, {literal(file.name)} as _file, "
            f"row_number() over () as _record from read_csv({literal(address)}, auto_detect=false, header=false, "
            f"delim={literal(_delimiter(contract))}, quote='\"', escape='\"', nullstr='', columns={{{columns}}}, "
            f"new_line='\\n', max_line_size=33554432)"
        )
        try:
            result.rows[file.name] = write_part(con, query, folder, number)
        except duckdb.InvalidInputException as error:
            raise contract.refusal(file, "lines of at most 16 MiB", "a longer one") from error
        if result.rows[file.name] != count:
            raise RuntimeError(f"{contract.registry}: {count} records were taken apart, {result.rows[file.name]} read")
        result.rejects += rejects
        text.unlink()
    return result


@dataclass(frozen=True)
class _Table:
    """An open file: its heading, and what reads the records below it."""

    lines: Lines
    records: CsvRecords
    heading: _Heading
    chunks: Iterator[Chunk]

    def read(self) -> Iterator[tuple[list[str], list[int]]]:
        return self.records.read(self.chunks, self.heading.line + 1)


def _open(contract: Contract, file: Path) -> _Table:
    """Raises ExtractRefused when the headings are only known in another encoding or with another delimiter."""
    encoding = encoding_of(contract, file)
    with file.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
    _check_encoding(contract, file, encoding, sample)
    check_text(contract, file, encoding)
    delimiter, line_end = _delimiter(contract), ""
    while True:
        lines = Lines(contract, file, encoding, contract.options(CsvOptions).final_newline, line_end)
        chunks = lines.chunks()
        top = next(chunks, None)
        if top is None:
            raise empty(contract, file, "a byte order mark and nothing after it")
        heading = _heading(contract, top.lines, delimiter)
        # Titles above the heading are often written by another program, with another line end.
        line_end = {"\r": "\r\n", "\n": "\n"}.get(top.lines[heading.line - 1][-1:], lines.line_end)
        if line_end == lines.line_end:
            break
    half = len(contract.columns) // 2
    is_known = _known(contract, heading.cells) > half
    for other in () if is_known else DELIMITERS:
        if _known(contract, _heading(contract, top.lines, other).cells) > half:
            expected = f"columns divided by {delimiter!r}"
            found = f"a heading that {other!r} divides into the contract's columns"
            raise contract.refusal(file, expected, found, heading.line)
    records = CsvRecords(contract, file, lines.line_end, delimiter, heading.cells)
    return _Table(lines, records, heading, chain([top], chunks))


def _delimiter(contract: Contract) -> str:
    return contract.options(CsvOptions).delimiter


def _check_encoding(contract: Contract, file: Path, encoding: str, sample: bytes) -> None:
    """Refuse a file whose heading is only known in another encoding than the contract's. Raises ExtractRefused."""
    half = len(contract.columns) // 2
    top = _top(sample, encoding)
    if top is not None and _known(contract, _heading(contract, top, _delimiter(contract)).cells) > half:
        return
    for other in OTHER_ENCODINGS:
        lines = _top(sample, other)
        if lines and _known(contract, _heading(contract, lines, _delimiter(contract)).cells) > half:
            raise contract.refusal(file, f"text in {contract.encoding}", f"text in {other}", 1)
    if top is None:
        found = f"bytes that are not; {guess(sample)}"
        raise contract.refusal(file, f"text in {contract.encoding}", found, 1)


def _top(sample: bytes, encoding: str) -> list[str] | None:
    """The first lines of a file in an encoding; null where its first line is none."""
    first = sample.splitlines()[0] if sample else b""
    try:
        if not encoding.startswith("utf-16"):
            first.decode(encoding)
        text = sample.decode(encoding, errors="ignore")
    except UnicodeError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:HEADING_WITHIN_LINES]


@dataclass(frozen=True)
class _Heading:
    """The heading of a table: the line on which it ends, its cells, null for empty ones; and the lines above it."""

    line: int
    cells: list[str | None]
    above: list[tuple[int, list[str]]]

    def records_above(self, file: str, delimiter: str) -> Iterator[Reject]:
        """Lines above the heading that are no titles: at least half of their cells are filled."""
        width = sum(cell is not None for cell in self.cells)
        for line, cells in self.above:
            if sum(bool(cell.strip()) for cell in cells) > max(width / 2, 1):
                yield Reject(file, line, delimiter.join(cells), "above_heading")


def _heading(contract: Contract, lines: list[str], delimiter: str) -> _Heading:
    """The heading: of the first 30 lines, the one that names the most columns.

    Titles and dates above it, and Excel's `sep=;`, are no records.
    """
    top = [line.rstrip("\r\n") for line in lines[:HEADING_WITHIN_LINES]]
    quoted = _quoted_rows(top, delimiter)
    plain = [(n, n, line.split(delimiter)) for n, line in enumerate(top, start=1)]
    # A quote that does not close in a title must not swallow the heading.
    rows, at = max(((rows, *_best(contract, rows)) for rows in (quoted, plain)), key=lambda one: one[2])[:2]
    if not rows:
        return _Heading(1, [], [])
    cells = [cell.replace("\ufeff", "") for cell in rows[at][2]]
    above = [(begins, row) for begins, _, row in rows[:at]]
    return _Heading(rows[at][1], [cell if cell.strip() else None for cell in cells], above)


def _quoted_rows(lines: list[str], delimiter: str) -> list[_Row]:
    """Where each row begins and ends, and its cells; a heading may have line breaks inside them."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    rows: list[_Row] = []
    with contextlib.suppress(csv.Error):
        for row in reader:
            rows.append((rows[-1][1] + 1 if rows else 1, reader.line_num, row))
    return rows


def _best(contract: Contract, rows: list[_Row]) -> tuple[int, int]:
    """The row that names the most columns, and how many: the first that names more than half of them."""
    at, most = next((n for n, (_, _, row) in enumerate(rows) if len(row) > 1), 0), 0
    for n, (_, _, row) in enumerate(rows):
        if (known := _known(contract, row)) > most:
            at, most = n, known
        if most > len(contract.columns) // 2:
            break
    return at, most


def _known(contract: Contract, headings: Iterable[str | None]) -> int:
    keys = {heading_key(heading) for heading in headings if heading}
    return sum(not names.isdisjoint(keys) for names in _names(contract.columns))


@cache
def _names(columns: tuple[Column, ...]) -> list[frozenset[str]]:
    return [frozenset(map(heading_key, column.names)) for column in columns]


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of a file begins. Reads up to the last of them."""
    lines: dict[int, int] = {}
    count = 0
    for _, numbers in _open(contract, file).read():
        lines |= {n: numbers[n - count - 1] for n in records if count < n <= count + len(numbers)}
        count += len(numbers)
        if count >= max(records, default=0):
            break
    return lines
