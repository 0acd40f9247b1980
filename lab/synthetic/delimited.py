"""One delimited file from a registry's rows, in the ways of its office: delimiter, line end, mark, encoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from lab.synthetic.territory import LEGACY_SLOTS
from lab.synthetic.writing import Written, write_file

CRLF = "\r\n"


def cp1251(data: memoryview) -> bytes:
    """UTF-8 as cp1251, Kazakh letters in the slots of an old font."""
    return bytes(data).decode("utf-8").translate(LEGACY_SLOTS).encode("cp1251")


def write_delimited(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    headings: Sequence[str],
    fields: Sequence[str],
    path: Path,
    delimiter: str,
    end: str = "\n",
    mark: bool = False,
    encode: Callable[[memoryview], bytes] | None = None,
) -> Written:
    """Write `fields`, SQL texts over the relation `rows`, below `headings`; `mark` puts a byte order mark in front.

    A line of the fault `column_count` lacks its last field, and the delimiter before it too.
    """
    between = f"'{delimiter}'" if delimiter != "\t" else "chr(9)"
    query = f"""
        select concat_ws({between}, {", ".join(fields[:-1])})
            || case when _kind = 'column_count' then '' else {between} || {fields[-1]} end
            || {" || ".join(f"chr({ord(sign)})" for sign in end)} as line
        from {rows}
    """
    head = ("\ufeff" if mark else "") + delimiter.join(headings) + end
    return write_file(con, query, path, head, encode=encode)
