"""Answers of the government gateway: records in its SOAP envelope, one a line, in parts of equal length."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.writing import Written, write_file

RECORDS_PER_FILE = 200_000


@dataclass(frozen=True)
class Message:
    """The payload of a registry's answer: names of its elements, and the path of every column below a record.

    A path has one step or two. Columns of `nil` say with `xsi:nil` that they are empty, the others by an empty element.
    """

    registry: str
    records: str
    record: str
    count: str
    paths: Mapping[str, str]
    nil: frozenset[str] = frozenset()


def write(con: duckdb.DuckDBPyConnection, message: Message, folder: Path, month: Month) -> list[Written]:
    """Write the table `<registry>_row`, whose columns are text, in the order of its rows."""
    rows, size = _sizes(con, message)
    parts = max(1, -(-rows // size))
    written = []
    for part in range(parts):
        first, after = part * size, min(rows, (part + 1) * size)
        head, tail = _envelope(con, message, month, part + 1, parts, after - first)
        query = (
            f"select {_line(message)} as line from {message.registry}_row where rowid >= {first} and rowid < {after}"
        )
        written.append(write_file(con, query, folder / _file(message, month, part + 1), head, tail))
    return written


def where(con: duckdb.DuckDBPyConnection, message: Message, month: Month) -> tuple[str, str]:
    """The two expressions of `Registry.where` for such an answer."""
    _, size = _sizes(con, message)
    return f"'{message.registry}_{month.period}_part' || pad(n // {size} + 1, 3) || '.xml'", f"n % {size} + 1"


def _file(message: Message, month: Month, part: int) -> str:
    return f"{message.registry}_{month.period}_part{part:03d}.xml"


def _sizes(con: duckdb.DuckDBPyConnection, message: Message) -> tuple[int, int]:
    rows = con.execute(f"select count(*) from {message.registry}_row").fetchall()[0][0]
    parts = max(1, -(-rows // RECORDS_PER_FILE))
    return rows, max(1, -(-rows // parts))


def _line(message: Message) -> str:
    steps = [(*path.split("/"), column) for column, path in message.paths.items()]
    pieces = [f"'<{message.record}>'"]
    for parent, members in groupby(steps, key=lambda step: step[0] if len(step) == 3 else ""):
        pieces += [f"'<{parent}>'"] if parent else []
        pieces += [_element(message, member[-2], member[-1]) for member in members]
        pieces += [f"'</{parent}>'"] if parent else []
    return f"concat({', '.join(pieces)}, '</{message.record}>', chr(10))"


def _element(message: Message, name: str, column: str) -> str:
    empty = f'<{name} xsi:nil="true"/>' if column in message.nil else f"<{name}/>"
    return f"case when {column} = '' then '{empty}' else concat('<{name}>', xml_text({column}), '</{name}>') end"


def _envelope(
    con: duckdb.DuckDBPyConnection, message: Message, month: Month, part: int, parts: int, records: int
) -> tuple[str, str]:
    seed = con.execute("select getvariable('seed')").fetchall()[0][0]
    name = f"auyl:{message.registry}:{seed}:{month.period}:{part}"
    number, correlation = uuid.uuid5(uuid.NAMESPACE_URL, name), uuid.uuid5(uuid.NAMESPACE_URL, name + ":answer")
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<ns2:SendMessageResponse xmlns:ns2="http://bip.bee.kz/SyncChannel/v10/Types" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<response><responseInfo><messageId>{number}</messageId><correlationId>{correlation}</correlationId>"
        f"<responseDate>{month.produced}T02:00:00.000+05:00</responseDate>"
        "<status><code>SCSS001</code><message>Message has been processed successfully</message></status></responseInfo>"
        f"<responseData><data><period>{month.period}</period><part>{part}</part><parts>{parts}</parts>"
        f"<{message.records}>\n"
    )
    tail = (
        f"</{message.records}><{message.count}>{records}</{message.count}></data></responseData></response>"
        "</ns2:SendMessageResponse></soap:Body></soap:Envelope>\n"
    )
    return head, tail
