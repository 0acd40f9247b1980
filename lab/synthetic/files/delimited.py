"""Delimited text files: CSV with its variants of delimiter, line end, byte order mark, quoting and encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lab.synthetic.classifier import LEGACY_SLOTS
from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Written, write_file

if TYPE_CHECKING:
    from lab.synthetic.registry import Registry

CRLF = "\r\n"


def cp1251(data: memoryview) -> bytes:
    """UTF-8 as cp1251, with Kazakh letters in the slots of an old font."""
    return bytes(data).decode("utf-8").translate(LEGACY_SLOTS).encode("cp1251")


def utf16(data: memoryview) -> bytes:
    """UTF-8 as UTF-16, little endian: what a spreadsheet saves as «Unicode text»."""
    return bytes(data).decode("utf-8").encode("utf-16-le")


@dataclass(frozen=True)
class Delimited:
    """One delimited file per month, `<registry>_<period>.<extension>`.

    `fields` gives the SQL of a column's field where it is not the bare column, `encode` turns UTF-8 into the file's
    encoding. A row with the fault `column_count` lacks its last field and the delimiter before it.
    """

    delimiter: str
    end: str = "\n"
    has_bom: bool = False
    extension: str = "csv"
    encode: Callable[[memoryview], bytes] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    has_quoted_headings: bool = False

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write the file."""
        return [self.write_rows(con, f"{registry.name}_row", registry.labels, folder / self._file(registry, month))]

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """One file; records are numbered in its order."""
        return f"'{self._file(registry, month)}'", "n + 1"

    def _file(self, registry: Registry, month: Month) -> str:
        return f"{registry.name}_{month.period}.{self.extension}"

    def write_rows(self, con: duckdb.DuckDBPyConnection, rows: str, labels: Mapping[str, str], path: Path) -> Written:
        """Write the columns of `labels` of the relation `rows`, with the labels as headings."""
        fields = [self.fields.get(column, column) for column in labels]
        between = f"'{self.delimiter}'" if self.delimiter != "\t" else "chr(9)"
        query = f"""
            select concat_ws({between}, {", ".join(fields[:-1])})
                || case when _kind = 'column_count' then '' else {between} || {fields[-1]} end
                || {" || ".join(f"chr({ord(sign)})" for sign in self.end)} as line
            from {rows}
        """
        headings: Sequence[str] = [*labels.values()]
        if self.has_quoted_headings:
            headings = ['"' + heading.replace('"', '""') + '"' for heading in headings]
        head = ("\ufeff" if self.has_bom else "") + self.delimiter.join(headings) + self.end
        return write_file(con, query, path, head, encode=self.encode)
