"""XML of any size: parsed in Rust (`xml2arrow`), a large file as a stream, no entity ever expanded."""

from __future__ import annotations

import mmap
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from auyl.contracts import Column, Contract, missing_column
from auyl.contracts.options import XmlOptions
from auyl.errors import ExtractRefused
from auyl.formats.common import RawResult, empty, write_part
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb

ENDS_BYTES = 1 << 16
# From memory a file is parsed a fifth faster; each thread holds one of at most this size.
HELD_BYTES = 192 << 20
SAMPLE_RECORDS = 200


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read XML files, as many at once as there are threads.

    Options: `record` (path of the record element, local names), `envelope` (name → path of a field before the
    records), `recordCount` (local name of an element after them). The column's source is a path below the record.
    """
    result = RawResult()
    for file in files:
        result.stated(contract, file.name, _check_ends(contract, file))
    _check_parts(contract, files, result)
    for file in files[:1]:
        seen, unknown = _check_paths(contract, file)
        result.unknown_columns |= unknown
        result.came_as({c: c.source for c in contract.columns if c.source in seen})
    config = _parser_config(contract, work)

    def one(numbered: tuple[int, Path]) -> int:
        number, file = numbered
        return _read_file(contract, file, folder, number, config, con.cursor())

    threads = con.execute("select current_setting('threads')").fetchone()
    with ThreadPoolExecutor(max_workers=int(threads[0]) if threads else 1) as pool:
        counts = list(pool.map(one, enumerate(files, start=1)))
    for file, rows in zip(files, counts, strict=True):
        result.rows[file.name] = rows
    return result


def _local(element: Any) -> str:
    """Local name of an element; one with a prefix that nobody declared is named by what follows the prefix."""
    return re.split("[}:]", str(element.tag))[-1]


def _parser_config(contract: Contract, work: Path) -> Path:
    steps = contract.options(XmlOptions).record_path
    record = "/" + "/".join(steps)
    fields = [
        {"name": name, "xml_path": f"{record}/{path}", "data_type": "Utf8", "nullable": True}
        for c in contract.columns
        for name, path in _paths(c)
    ]
    table = {"name": "record", "xml_path": "/" + "/".join(steps[:-1]), "levels": [steps[-1]], "fields": fields}
    path = work / f"{contract.registry}.xml2arrow.yaml"
    path.write_text(yaml.safe_dump({"tables": [table]}), encoding="utf-8")
    return path


def _paths(column: Column) -> list[tuple[str, str]]:
    """Name and path of a column, and of each of its aliases."""
    names = (column.name, *(f"{column.name} ({n})" for n, _ in enumerate(column.aliases, start=2)))
    return list(zip(names, (column.source, *column.aliases), strict=True))


def _read_file(
    contract: Contract, file: Path, folder: str, number: int, config: Path, con: duckdb.DuckDBPyConnection
) -> int:
    import xml2arrow

    step = contract.options(XmlOptions).record_path[-1]
    parser = xml2arrow.XmlToArrowParser(str(config))
    columns = ", ".join(
        f"coalesce({', '.join(identifier(name) for name, _ in _paths(c))}) as {identifier(c.name)}"
        if c.aliases
        else identifier(c.name)
        for c in contract.columns
    )
    place = f"{literal(file.name)} as _file, {identifier('<' + step + '>')}::bigint + 1 as _record"
    query = f"select {columns}, {place} from records"
    import duckdb

    try:
        if file.stat().st_size <= HELD_BYTES:
            con.register("records", parser.parse(file.read_bytes())["record"])
        else:
            con.register("records", parser.parse_single_table(str(file), max_rows_per_batch=61440))
        rows = write_part(con, query, folder, number)
    except (xml2arrow.exceptions.Xml2ArrowError, duckdb.Error, TypeError) as error:
        raise _broken(contract, file, error) from error
    if rows == 0:
        raise empty(contract, file, "an envelope with no record in it")
    expected = contract.options(XmlOptions).record_count
    if expected:
        stated = re.findall(rb"<(?:\w+:)?%s>(\d+)<" % expected.encode(), _tail(file))
        if stated and int(stated[-1]) != rows:
            found = f"{rows} records"
            raise contract.refusal(file, f"{int(stated[-1])} records, as it says itself", found)
    return rows


def _broken(contract: Contract, file: Path, error: Exception) -> ExtractRefused:
    """The refusal for a file that the stream parser gave up on; the line comes from a second, strict reading."""
    from lxml import etree

    line, found = None, str(error).splitlines()[0][:300]
    parser = etree.XMLPullParser(events=("end",), resolve_entities=False, no_network=True, huge_tree=False)
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                parser.feed(chunk)
                for _, element in parser.read_events():
                    element.clear(keep_tail=True)
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        parser.close()
    except etree.XMLSyntaxError as syntax:
        line, found = syntax.lineno, syntax.msg.splitlines()[0]
    return contract.refusal(file, "well-formed XML in UTF-8", found, line)


def _tail(file: Path) -> bytes:
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - ENDS_BYTES))
        return stream.read()


def _check_ends(contract: Contract, file: Path) -> dict[str, str]:
    """Refuse at once what cannot be whole or safe, and read the envelope before the records.

    The stream parser takes a file that stops early for a finished one, so the end is looked at here.
    """
    from lxml import etree

    size = file.stat().st_size
    if size == 0:
        raise empty(contract, file, "an empty file, 0 bytes")
    with file.open("rb") as stream:
        head = stream.read(ENDS_BYTES)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        found = f"a file that begins with {head[:16]!r}"
        raise contract.refusal(file, "XML in UTF-8", found, 1)
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        line = head[: head.find(b"<!")].count(b"\n") + 1
        raise contract.refusal(file, "no document type and no entities", "a DOCTYPE", line)
    steps = contract.options(XmlOptions).record_path
    envelope: dict[str, str] = {}
    wanted = {path: name for name, path in contract.envelope.items()}
    parser = etree.XMLPullParser(events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=False)
    path: list[str] = []
    try:
        parser.feed(head)
        for event, element in parser.read_events():
            if event == "start":
                path.append(_local(element))
                if path == steps:
                    break
            else:
                name = wanted.get("/" + "/".join(path))
                if name is not None and element.text:
                    envelope[name] = element.text.strip()
                path.pop()
    except etree.XMLSyntaxError as error:
        raise contract.refusal(file, "well-formed XML in UTF-8", error.msg.splitlines()[0], error.lineno) from error
    root = re.search(rb"<([A-Za-z_][\w.\-]*(?::[\w.\-]+)?)[\s/>]", re.sub(rb"<[?!][^>]*>", b"", head))
    closing = b"</" + (root.group(1) if root else b"") + b">"
    if not _tail(file).rstrip().endswith(closing):
        with file.open("rb") as stream:
            line = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b"")) + 1
        raise contract.refusal(file, f"{closing.decode()} at its end", "a file cut short", line)
    return envelope


def _check_parts(contract: Contract, files: list[Path], result: RawResult) -> None:
    parts = result.envelope.get("parts")
    if parts is not None and parts.isascii() and parts.isdigit() and int(parts) != len(files):
        found = f"{len(files)}: {', '.join(file.name for file in files[:9])}"
        raise contract.refusal(files[0], f"{parts} files, as the extract says itself", found)


def _check_paths(contract: Contract, file: Path) -> tuple[set[str], set[str]]:
    """Look at the first records: all their paths, and the leaves that nobody knows.

    Raises ExtractRefused when a required path is nowhere.
    """
    from lxml import etree

    steps = contract.options(XmlOptions).record_path
    seen: set[str] = set()
    leaves: set[str] = set()
    records = 0
    with file.open("rb") as stream:
        path: list[str] = []
        for event, element in etree.iterparse(
            stream, events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=False, recover=True
        ):
            if event == "start":
                path.append(_local(element))
                continue
            if path[: len(steps)] == steps and len(path) > len(steps):
                below = "/".join(path[len(steps) :])
                seen.add(below)
                if len(element) == 0:
                    leaves.add(below)
            if path == steps:
                records += 1
                element.clear()
                if records >= SAMPLE_RECORDS:
                    break
            path.pop()
    if records == 0:
        raise empty(contract, file, f"no element {'/'.join(steps)}")
    known = {source for c in contract.columns for source in (c.source, *c.aliases)}
    for column in contract.columns:
        if column.required and not seen & {column.source, *column.aliases}:
            raise missing_column(contract, column, sorted(leaves - known), file.name, None)
    return seen, {leaf for leaf in leaves - known if not leaf.startswith(contract.options(XmlOptions).ignore)}


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of a file begins."""
    lines: dict[int, int] = {}
    last = max(records, default=0)
    opening = re.compile(rb"<(?:[\w.\-]+:)?%s[\s>]" % re.escape(contract.options(XmlOptions).record_path[-1]).encode())
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        line, counted = 1, 0
        for number, match in enumerate(opening.finditer(content), start=1):
            if number in records:
                line += content[counted : match.start()].count(b"\n")
                counted = match.start()
                lines[number] = line
            if number >= last:
                break
    return lines
