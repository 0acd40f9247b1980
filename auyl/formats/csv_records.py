"""What a record of delimited text is: one reader for raw, quarantine and the lines of hand-back.

Lines follow RFC 4180, read as the usual programs do: a quote inside a cell that does not begin with one is a letter,
and empty cells after the last column are nothing. A line with another number of cells, or with a quoted cell that does
not end at its quote, is a reject of its own; it never takes its neighbours with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from auyl.contracts import Contract
from auyl.contracts.headings import as_written
from auyl.formats.common import Reject
from auyl.formats.lines import UNDECODABLE, Chunk

# A cell of more lines than this is an unclosed quote.
MOST_LINES = 200
MOST_CHARACTERS = 1 << 20
BLANK = " \t\u00a0\ufeff"
# Excel's way to keep leading zeros.
_FORMULA = re.compile(r'\s*="([^"]*)"\s*')
_QUOTED = re.compile(r'"[^"]*"')


class CsvRecords:
    """The records of a file below its heading. `rejects` are known when all were read."""

    def __init__(
        self, contract: Contract, file: Path, line_end: str, delimiter: str, headings: Sequence[str | None]
    ) -> None:
        """`headings` are the cells of the heading, null for a nameless column."""
        self._contract, self._file, self._line_end, self._delimiter = contract, file, line_end, delimiter
        self._most = len(headings)
        self._least = max((n for n, heading in enumerate(headings, start=1) if heading), default=self._most)
        self._headings = [(n, as_written(heading)) for n, heading in enumerate(headings) if heading]
        first = next((heading for heading in headings if heading), "").strip()
        self._odd_signs = frozenset(("", delimiter, UNDECODABLE, first[:1], *BLANK))
        self._odd_starts = (*self._odd_signs - {""}, '""', f'"{first}') if first else ('"',)
        other = f"[^{re.escape(delimiter)}\r\n]*"
        quoted = '"[^"]*(?:""[^"]*)*"'
        strict = f'(?:{quoted}|[^"{re.escape(delimiter)}\r\n]*)'
        self._whole = re.compile(f"{strict}(?:{re.escape(delimiter)}{strict}){{{self._most - 1}}}")
        self._cell = re.compile(f'({quoted}|(?!"){other})({re.escape(delimiter)}|\\Z)')
        self.rejects: list[Reject] = []

    def read(self, chunks: Iterable[Chunk], first: int) -> Iterator[tuple[list[str], list[int]]]:
        """The records from line `first` on: each as text with a cell for every heading, and the line where it begins.

        Raises ExtractRefused for lines that do not all end alike.
        """
        lines: list[str] = []
        number, is_plain = first, True
        for chunk in chunks:
            skipped = max(0, first - chunk.number)
            # A record at the end of a chunk may go on in the next.
            lines, is_plain = lines + chunk.lines[skipped:], is_plain and chunk.is_plain
            done, texts, numbers = self._split(lines, number, is_plain, len(lines) - MOST_LINES)
            yield texts, numbers
            lines, number, is_plain = lines[done:], number + done, chunk.is_plain
        _, texts, numbers = self._split(lines, number, is_plain, len(lines))
        yield texts, numbers

    def _split(self, lines: list[str], number: int, is_plain: bool, stop: int) -> tuple[int, list[str], list[int]]:
        """The records that begin before `stop`: how many lines they take, their texts and their lines."""
        delimiter, between, odd = self._delimiter, self._most - 1, self._odd_signs
        texts: list[str] = []
        numbers: list[int] = []
        at = 0
        while at < stop:
            line = lines[at]
            begins = at
            if is_plain and '"' not in line and line.count(delimiter) == between and line[:1] not in odd:
                at += 1
            elif line == UNDECODABLE:
                at += 1
                continue
            else:
                taken, text = self._odd(lines, at, number + at)
                at += taken
                if text is None:
                    continue
                line = text
            texts.append(line)
            numbers.append(number + begins)
        return at, texts, numbers

    def _odd(self, lines: list[str], at: int, number: int) -> tuple[int, str | None]:
        """A line that is not plainly a record: how many lines it takes, and the record; null for none."""
        line = lines[at]
        if self._whole.fullmatch(line) and '="' not in line and not line.startswith(self._odd_starts):
            return 1, line
        taken, text = 1, line
        cells = self._cells(line)
        if cells is None and line.count('"') % 2:
            taken, text, cells = self._several(lines, at)
        if cells is None:
            if any(sign in _QUOTED.sub("", line) for sign in "\r\n"):
                found = "lines that end now in LF, now in CR or CRLF"
                raise self._contract.refusal(self._file, "a text of lines that end alike", found, number)
            self._reject(number, line, "line_quotes")
            return 1, None
        while len(cells) > self._most and not cells[-1].strip(BLANK):
            cells.pop()
        if not any(cell.strip(BLANK) for cell in cells):
            return taken, None
        if not self._least <= len(cells) <= self._most:
            self._reject(number, text, "column_count")
            return taken, None
        cells += [""] * (self._most - len(cells))
        if self._headings and all(as_written(cells[n]) == heading for n, heading in self._headings):
            self._reject(number, text, "heading_repeated")
            return taken, None
        return taken, self._delimiter.join(map(self._as_cell, cells))

    def _several(self, lines: list[str], at: int) -> tuple[int, str, list[str] | None]:
        """A record that goes on over line ends in a quoted cell.

        Where two of its lines, or one inside, would be records by themselves, the quote does not close: null.
        """
        between = max(self._most - 1, 1)
        text = before = lines[at]
        is_whole = _QUOTED.sub("", text).count(self._delimiter) >= between
        for taken, line in enumerate(lines[at + 1 : at + MOST_LINES], start=2):
            is_ended = self._line_end == "\r\n" and before.endswith("\n")
            text += ("" if is_ended else self._line_end) + line
            before = line
            looks_whole = _QUOTED.sub("", line).count(self._delimiter) >= between
            if line == UNDECODABLE or (is_whole and looks_whole) or len(text) > MOST_CHARACTERS:
                break
            if '"' in line and (cells := self._cells(text)) is not None:
                return taken, text, cells
            if looks_whole:
                break
        return 1, lines[at], None

    def _cells(self, text: str) -> list[str] | None:
        """The cells of a record; null where a quoted cell does not end at its quote."""
        cells, at = [], 0
        while match := self._cell.match(text, at):
            cell, end = match.groups()
            if cell.startswith('"'):
                cell = cell[1:-1].replace('""', '"')
            if formula := _FORMULA.fullmatch(cell):
                cell = formula[1]
            cells.append(cell)
            if not end:
                return cells
            at = match.end()
        return None

    def _as_cell(self, cell: str) -> str:
        if self._delimiter in cell or any(sign in cell for sign in '"\r\n'):
            return '"' + cell.replace('"', '""') + '"'
        return cell

    def _reject(self, number: int, text: str, rule: str) -> None:
        self.rejects.append(Reject(self._file.name, number, text.strip(BLANK + "\r\n"), rule))
