"""Text from DuckDB to a file.

A query gives finished lines, and their buffers go to disk without becoming Python objects.
"""

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
    """A file that was written: name, rows in it, size and digest."""

    name: str
    rows: int
    size: int
    sha256: str


def lines(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[memoryview, int]]:
    """Bytes of the single text column of `query` and the number of its rows, batch by batch, in the query's order."""
    for batch in con.sql(query).to_arrow_reader(BATCH_ROWS):
        column = batch.column(0)
        if column.null_count:
            raise ValueError("a line to write is null")
        if not pa.types.is_string(column.type):
            raise TypeError(f"lines must be text, came {column.type}")
        offsets = column.buffers()[1]
        starts = memoryview(offsets).cast("i")
        start, stop = starts[column.offset], starts[column.offset + len(column)]
        yield memoryview(column.buffers()[2] or b"")[start:stop], len(column)


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
        for data, count in lines(con, query):
            put(data)
            rows += count
        put(memoryview(tail.encode()))
    return Written(path.name, rows, size, digest.hexdigest())


def digest_file(path: Path) -> tuple[int, str]:
    """Size and sha256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest


def copy_lines(con: duckdb.DuckDBPyConnection, query: str, out: IO[bytes]) -> int:
    """Write the lines of `query` into an open binary file; returns the number of rows."""
    rows = 0
    for data, count in lines(con, query):
        out.write(data)
        rows += count
    return rows
