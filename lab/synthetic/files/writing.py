"""From a query to a file: the query returns lines, whose buffers go to disk without becoming Python objects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa

BATCH_ROWS = 16_384


@dataclass(frozen=True)
class Written:
    """A written file: name, rows in it, size in bytes and checksum."""

    name: str
    rows: int
    size: int
    sha256: str


class Lines:
    """Lines as one buffer, with the offset of each of them and of the end."""

    def __init__(self, column: pa.StringArray) -> None:
        starts = memoryview(column.buffers()[1]).cast("i")
        self._starts = starts[column.offset : column.offset + len(column) + 1]
        self._data = memoryview(column.buffers()[2] or b"")

    def __len__(self) -> int:
        return len(self._starts) - 1

    def bytes(self, first: int = 0, after: int | None = None) -> memoryview:
        """Bytes of the lines from `first` up to, not including, `after`."""
        return self._data[self._starts[first] : self._starts[len(self) if after is None else after]]


def lines(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[Lines]:
    """The single text column of `query`, batch by batch, in the query's order. Raises for a null or another type."""
    for batch in con.sql(query).to_arrow_reader(BATCH_ROWS):
        column = batch.column(0)
        if column.null_count:
            raise ValueError("expected lines of text, found a null")
        if not pa.types.is_string(column.type):
            raise TypeError(f"expected lines of text, found {column.type}")
        if len(column):
            yield Lines(column)


class Cut:
    """The lines of one query, distributed over several files."""

    def __init__(self, batches: Iterator[Lines]) -> None:
        self._batches = batches
        self._batch: Lines | None = None
        self._at = 0

    def copy(self, rows: int, out: IO[bytes]) -> int:
        """Write the next `rows` lines into an open binary file; returns their number. Raises ValueError if there are
        fewer."""
        left = rows
        while left:
            if self._batch is None or self._at == len(self._batch):
                self._batch, self._at = next(self._batches, None), 0
                if self._batch is None:
                    raise ValueError(f"{left} of {rows} lines are missing")
            take = min(left, len(self._batch) - self._at)
            out.write(self._batch.bytes(self._at, self._at + take))
            self._at += take
            left -= take
        return rows


def write_file(
    con: duckdb.DuckDBPyConnection,
    query: str,
    path: Path,
    head: str = "",
    tail: str = "",
    encode: Callable[[memoryview], bytes] | None = None,
) -> Written:
    """Write head, the lines of `query` and tail. `encode` turns UTF-8 bytes into those of the file."""
    digest = hashlib.sha256()
    size = rows = 0
    with path.open("wb") as file:

        def put(data: memoryview) -> None:
            nonlocal size
            out = encode(data) if encode else data
            digest.update(out)
            file.write(out)
            size += len(out)

        put(memoryview(head.encode()))
        for batch in lines(con, query):
            put(batch.bytes())
            rows += len(batch)
        put(memoryview(tail.encode()))
    return Written(path.name, rows, size, digest.hexdigest())


def checksum(path: Path) -> tuple[int, str]:
    """Size and sha256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest
