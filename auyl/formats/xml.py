"""XML of any size: parsed in Rust (`xml2arrow`), a large file as a stream, no entity ever expanded."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
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
# A file in memory is parsed a fifth faster; each thread holds one of at most this size.
HELD_BYTES = 192 << 20
SAMPLE_RECORDS = 200
# Of lxml: no entity is expanded, nothing is fetched.
SAFE_PARSER: dict[str, Any] = {"resolve_entities": False, "no_network": True, "huge_tree": False}


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read XML files, as many at once as there are threads. Options: `XmlOptions`.

    A column's source is a path below the record. Raises ExtractRefused.
    """
    result = RawResult()
    part_files: dict[str, str] = {}
    for file in files:
        fields = _check_ends(contract, file)
        part = fields.pop("part", file.name)
        result.add_envelope(contract, file, fields)
        if part in part_files:
            raise contract.refusal(file, "each part once", f"part {part[:9]} again, after {part_files[part]}")
        part_files[part] = file.name
    _check_parts(contract, files, result)
    for file in files[:1]:
        seen, unknown = _check_paths(contract, file)
        result.unknown_columns |= unknown
        result.add_headings({c: c.source for c in contract.columns if c.source in seen})
    config = _parser_config(contract, work)

    def read_file(numbered: tuple[int, Path]) -> int:
        number, file = numbered
        return _read_file(contract, file, folder, number, config, con.cursor())

    threads = con.execute("select current_setting('threads')").fetchone()
    with ThreadPoolExecutor(max_workers=int(threads[0]) if threads else 1) as pool:
        counts = list(pool.map(read_file, enumerate(files, start=1)))
    for file, rows in zip(files, counts, strict=True):
        result.rows[file.name] = rows
    return result


def _local(element: Any) -> str:
    """Local name of an element; of one with an undeclared prefix, what follows the prefix."""
    return re.split("[}:]", str(element.tag))[-1]


def _with_paths(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[str], Any]]:
    """Each event with the local names of the elements from the root to its element."""
    path: list[str] = []
    for event, element in events:
        if event == "start":
            path.append(_local(element))
        yield event, path, element
        if event == "end":
            path.pop()


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
    return list(zip(names, column.names, strict=True))


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
    """The refusal for a file that the stream parser gave up on; a second, strict parser finds the line."""
    from lxml import etree

    line, found = None, str(error).splitlines()[0][:300]
    parser = etree.XMLPullParser(events=("end",), **SAFE_PARSER)
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
    """Refuse at once what cannot be whole or safe; return the envelope before the records.

    The stream parser accepts a truncated file as complete, so the end is checked here.
    """
    from lxml import etree

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
    name_of = {path: name for name, path in contract.envelope.items()}
    parser = etree.XMLPullParser(events=("start", "end"), **SAFE_PARSER)
    try:
        parser.feed(head)
        for event, path, element in _with_paths(parser.read_events()):
            if event == "start" and path == steps:
                break
            name = name_of.get("/" + "/".join(path))
            if event == "end" and name is not None and element.text:
                envelope[name] = element.text.strip()
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
    """All paths in the first records, and the leaves among them that the contract does not know.

    Raises ExtractRefused when a required path is in none of them.
    """
    from lxml import etree

    steps = contract.options(XmlOptions).record_path
    seen: set[str] = set()
    leaves: set[str] = set()
    records = 0
    with file.open("rb") as stream:
        events = etree.iterparse(stream, events=("start", "end"), recover=True, **SAFE_PARSER)
        for event, path, element in _with_paths(events):
            if event == "start":
                continue
            if path == steps:
                records += 1
                element.clear()
                if records >= SAMPLE_RECORDS:
                    break
            elif path[: len(steps)] == steps:
                below = "/".join(path[len(steps) :])
                seen.add(below)
                if len(element) == 0:
                    leaves.add(below)
    if records == 0:
        raise empty(contract, file, f"no element {'/'.join(steps)}")
    known = {source for c in contract.columns for source in c.names}
    for column in contract.columns:
        if column.required and not seen & set(column.names):
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
