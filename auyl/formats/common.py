"""What the formats share: the shape of their answer, and matching of headings against the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Column, Contract
from auyl.errors import ExtractRefused
from auyl.store.duck import PARQUET, identifier, literal

if TYPE_CHECKING:
    import duckdb

NAMELESS = "column "


@dataclass
class Reject:
    """A line that cannot be told apart into the columns of its contract."""

    file: str
    line: int
    text: str
    rule: str


@dataclass
class RawResult:
    """What was read: rows by file, rejects, headings that the contract does not know, fields of the envelope.

    `headings` tells under which heading each column of the contract came, and at which place where there is an order.
    """

    rows: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    unknown_columns: set[str] = field(default_factory=set)
    envelope: dict[str, str] = field(default_factory=dict)
    headings: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    def came_as(self, found: Mapping[Column, str], headings: list[str] | None = None) -> None:
        """Note the headings of the first file; `headings` are those of the file in their order, where it has one."""
        for column, heading in found.items():
            place = headings.index(heading) + 1 if headings else None
            self.headings.setdefault(column.name, (heading, place))

    def stated(self, contract: Contract, file: str, fields: Mapping[str, str]) -> None:
        """Note what a file says of itself. Raises ExtractRefused when it is of another period than the files before."""
        former, own = self.envelope.get("period"), fields.get("period")
        if former is not None and own is not None and former != own:
            raise contract.refusal(file, f"period {former}, as in the other files", f"period {own}", column="period")
        self.envelope.update(fields)

    @property
    def rows_in(self) -> int:
        """Rows that came, rejects with them."""
        return sum(self.rows.values()) + len(self.rejects)


def empty(contract: Contract, file: str | Path, found: str) -> ExtractRefused:
    """The refusal for a file with no record."""
    return contract.refusal(file, "at least one record", found)


def envelope_of(contract: Contract, document: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the contract's envelope that a JSON document states."""
    return {name: str(document[key]) for name, key in contract.envelope.items() if document.get(key) is not None}


def distinct(headings: Iterable[str | None]) -> list[str]:
    """Headings as names of columns that differ, without their case too, as DuckDB compares; empty ones by number."""
    names: list[str] = []
    taken: set[str] = set()
    for number, heading in enumerate(headings, start=1):
        name = heading if heading and heading.strip() else f"{NAMELESS}{number}"
        if name.casefold() in taken:
            name = f"{name} ({number})"
        taken.add(name.casefold())
        names.append(name)
    return names


def select_list(contract: Contract, found: dict[Column, str], unknown: list[str]) -> str:
    """SQL select list: every column of the contract under its own name, absent ones as null, then the unknown ones."""
    parts = [
        f"{identifier(found[column])}::varchar as {identifier(column.name)}"
        if column in found
        else f"null::varchar as {identifier(column.name)}"
        for column in contract.columns
    ]
    parts += [f"{identifier(name)}::varchar as {identifier('unknown:' + name)}" for name in unknown]
    return ", ".join(parts)


def repeats_heading(found: dict[Column, str]) -> str:
    """SQL condition under which a row holds the heading once more; true of no row when no heading is known.

    A file glued to another brings a byte order mark in front of its heading.
    """
    cells = [
        f"trim({identifier(heading)}, chr(65279) || ' ') = {literal(heading.strip())}" for heading in found.values()
    ]
    return " and ".join(cells) or "false"


def part_path(folder: str, number: int) -> str:
    """Where the raw part `number` lies."""
    return f"{folder}/part-{number:04d}.parquet"


def write_part(con: duckdb.DuckDBPyConnection, query: str, folder: str, number: int) -> int:
    """Write the rows of `query` as one raw part; return how many."""
    con.execute(f"copy ({query}) to {literal(part_path(folder, number))} ({PARQUET})")
    row = con.fetchone()
    return int(row[0]) if row else 0


def line_of_byte(path: Path, position: int) -> int:
    """The 1-based line that byte `position` of a file lies on."""
    (line,) = lines_of_bytes(path, [position])
    return line


def lines_of_bytes(path: Path, positions: Iterable[int]) -> list[int]:
    """The 1-based lines that bytes of a file lie on; `positions` ascend, and the file is read once for all of them."""
    lines, line, done = [], 1, 0
    with path.open("rb") as stream:
        for position in positions:
            while done < position and (chunk := stream.read(min(1 << 20, position - done))):
                line += chunk.count(b"\n")
                done += len(chunk)
            lines.append(line)
    return lines
