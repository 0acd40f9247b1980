"""What the formats share: the shape of their result, select lists over headings, raw parts, lines of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Column, Contract, as_written, match_keys
from auyl.errors import ExtractRefused, shape
from auyl.periods import PERIOD
from auyl.store.duck import identifier, literal, write_parquet

if TYPE_CHECKING:
    import duckdb

NAMELESS = "column "


def period_in_words(stated: str) -> str:
    """What a file says its period is; by its shape unless it is a month, since it may be any text."""
    return stated if PERIOD.fullmatch(stated) else f"«{shape(stated)}»"


@dataclass
class Reject:
    """A line that cannot be split into the columns of its contract."""

    file: str
    line: int
    text: str
    rule: str


@dataclass
class RawResult:
    """What was read: rows by file, rejects, headings that the contract does not know, fields of the envelope.

    `headings` gives the heading of each column of the contract, and its position in formats whose columns have one;
    `columns_of` the columns that each file (or sheet) has, in formats in which a file can lack one;
    `ignored` says which sheets were not read, and why.
    """

    rows: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    unknown_columns: set[str] = field(default_factory=set)
    envelope: dict[str, str] = field(default_factory=dict)
    headings: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    columns_of: dict[str, set[str]] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)

    def add_headings(
        self, found: Mapping[Column, str], headings: list[str] | None = None, file: str | None = None
    ) -> None:
        """Note the headings of the first file; `headings` are all of the file, in order, where it has an order.

        With the name of the `file`, a column that only other files have is drift.
        """
        if file is not None:
            self.columns_of[file] = {column.name for column in found}
        for column, heading in found.items():
            place = headings.index(heading) + 1 if headings else None
            self.headings.setdefault(column.name, (heading, place))

    def add_envelope(self, contract: Contract, file: Path, fields: Mapping[str, str]) -> None:
        """Note what a file says about itself. Raises ExtractRefused for another period than that of earlier files."""
        expected, period = self.envelope.get("period"), fields.get("period")
        if expected is not None and period is not None and expected != period:
            expected = f"period {expected}, as in the other files"
            raise contract.refusal(file, expected, f"period {period_in_words(period)}", column="period")
        self.envelope.update(fields)

    def match_keys(self, contract: Contract, keys: set[str], file: Path) -> tuple[dict[Column, list[str]], list[str]]:
        """The keys of objects that are each column, and the unknown ones; both are noted. Raises ExtractRefused."""
        matched = match_keys(contract, keys, file.name)
        unknown = sorted(keys - {name for names in matched.values() for name in names})
        self.unknown_columns.update(unknown)
        self.add_headings({column: names[0] for column, names in matched.items()})
        return matched, unknown

    @property
    def rows_in(self) -> int:
        """Rows in the files, rejects included."""
        return sum(self.rows.values()) + len(self.rejects)


def empty(contract: Contract, file: Path, found: str) -> ExtractRefused:
    """The refusal for a file with no record."""
    return contract.refusal(file, "at least one record", found)


def distinct(headings: Iterable[str | None]) -> list[str]:
    """Headings as distinct column names (DuckDB compares without case); an empty one is named by its number."""
    names: list[str] = []
    taken: set[str] = set()
    for number, heading in enumerate(headings, start=1):
        name = heading if heading and as_written(heading) else f"{NAMELESS}{number}"
        if name.casefold() in taken:
            name = f"{name} ({number})"
        taken.add(name.casefold())
        names.append(name)
    return names


def select_list(contract: Contract, found: dict[Column, str], unknown: list[str]) -> str:
    """SQL select list: every column of the contract under its name, missing ones as null, then the unknown ones."""
    parts = [
        f"{identifier(found[column])}::varchar as {identifier(column.name)}"
        if column in found
        else f"null::varchar as {identifier(column.name)}"
        for column in contract.columns
    ]
    parts += [f"{identifier(name)}::varchar as {identifier('unknown:' + name)}" for name in unknown]
    return ", ".join(parts)


def repeats_heading(found: dict[Column, str]) -> str:
    """SQL condition for a row that repeats the heading; false when no heading is known.

    A file concatenated to another has a byte order mark in front of its heading.
    """
    cells = [
        f"trim({identifier(heading)}, chr(65279) || ' ') = {literal(heading.strip())}" for heading in found.values()
    ]
    return " and ".join(cells) or "false"


def part_path(folder: str, number: int) -> str:
    """Path of the raw part `number`."""
    return f"{folder}/part-{number:04d}.parquet"


def write_part(con: duckdb.DuckDBPyConnection, query: str, folder: str, number: int) -> int:
    """Write the rows of `query` as one raw part; return how many."""
    return write_parquet(con, query, part_path(folder, number))


def line_of_byte(path: Path, position: int) -> int:
    """The line, from 1, that byte `position` of a file is on."""
    (line,) = lines_of_bytes(path, [position])
    return line


def lines_of_bytes(path: Path, positions: Iterable[int]) -> list[int]:
    """The lines, from 1, that bytes of a file are on; `positions` ascend, and the file is read once for all."""
    lines, line, done = [], 1, 0
    with path.open("rb") as stream:
        for position in positions:
            while done < position and (chunk := stream.read(min(1 << 20, position - done))):
                line += chunk.count(b"\n")
                done += len(chunk)
            lines.append(line)
    return lines
