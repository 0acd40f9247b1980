"""Answers of the government gateway: records in its SOAP envelope, one per line, in parts of equal length."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Written, write_file

if TYPE_CHECKING:
    from lab.synthetic.registry import Registry

RECORDS_PER_FILE = 200_000


@dataclass(frozen=True)
class Message:
    """The payload of a registry's answer: names of its elements. Labels of the registry are paths below a record.

    A path has one step or two. An empty column is an empty element, with `xsi:nil` for the columns of `nil`.
    """

    records: str
    record: str
    count: str
    nil: frozenset[str] = frozenset()

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write the parts, in the order of the rows."""
        rows, size = _sizes(con, registry)
        parts = max(1, -(-rows // size))
        seed = con.execute("select getvariable('seed')").fetchall()[0][0]
        written = []
        for part in range(1, parts + 1):
            first, after = (part - 1) * size, min(rows, part * size)
            head, tail = self._envelope(f"{self.key(registry, seed)}:{month.period}:{part}", month, part, parts)
            tail = tail.format(records=after - first)
            path = folder / f"{_prefix(registry, month)}{part:03d}.xml"
            written.append(write_file(con, self.query(registry, first, after), path, head, tail))
        return written

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """The part that holds a row and its number there."""
        _, size = _sizes(con, registry)
        return f"'{_prefix(registry, month)}' || pad(n // {size} + 1, 3) || '.xml'", f"n % {size} + 1"

    def key(self, registry: Registry, seed: int) -> str:
        """What the identifiers of the messages are derived from."""
        return f"auyl:{registry.name}:{seed}"

    def query(self, registry: Registry, first: int, after: int) -> str:
        """SQL of the lines of the rows from `first` up to, not including, `after`."""
        line = self._line(registry)
        return f"select {line} as line from {registry.name}_row where rowid >= {first} and rowid < {after}"

    def _line(self, registry: Registry) -> str:
        steps = [(*path.split("/"), column) for column, path in registry.labels.items()]
        pieces = [f"'<{self.record}>'"]
        for parent, members in groupby(steps, key=lambda step: step[0] if len(step) == 3 else ""):
            pieces += [f"'<{parent}>'"] if parent else []
            pieces += [self._element(member[-2], member[-1]) for member in members]
            pieces += [f"'</{parent}>'"] if parent else []
        return f"concat({', '.join(pieces)}, '</{self.record}>', chr(10))"

    def _element(self, name: str, column: str) -> str:
        empty = f'<{name} xsi:nil="true"/>' if column in self.nil else f"<{name}/>"
        return f"case when {column} = '' then '{empty}' else concat('<{name}>', xml_text({column}), '</{name}>') end"

    def _envelope(self, key: str, month: Month, part: int, parts: int) -> tuple[str, str]:
        """Text before and after the records; the second holds {records} for their number."""
        message, correlation = uuid.uuid5(uuid.NAMESPACE_URL, key), uuid.uuid5(uuid.NAMESPACE_URL, key + ":answer")
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            '<ns2:SendMessageResponse xmlns:ns2="http://bip.bee.kz/SyncChannel/v10/Types" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<response><responseInfo><messageId>{message}</messageId><correlationId>{correlation}</correlationId>"
            f"<responseDate>{month.stated}T02:00:00.000+05:00</responseDate><status><code>SCSS001</code>"
            "<message>Message has been processed successfully</message></status></responseInfo>"
            f"<responseData><data><period>{month.period}</period><part>{part}</part><parts>{parts}</parts>"
            f"<{self.records}>\n"
        )
        tail = (
            f"</{self.records}><{self.count}>{{records}}</{self.count}></data></responseData></response>"
            "</ns2:SendMessageResponse></soap:Body></soap:Envelope>\n"
        )
        return head, tail


def _prefix(registry: Registry, month: Month) -> str:
    return f"{registry.name}_{month.period}_part"


def _sizes(con: duckdb.DuckDBPyConnection, registry: Registry) -> tuple[int, int]:
    """Rows of the registry, and rows of a part."""
    rows = con.execute(f"select count(*) from {registry.name}_row").fetchall()[0][0]
    parts = max(1, -(-rows // RECORDS_PER_FILE))
    return rows, max(1, -(-rows // parts))
