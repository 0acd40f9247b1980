"""XML of any size: parsed in Rust (`xml2arrow`), a large file as a stream, no entity ever expanded.

The fast parser reads ordinary files. Where it stops, or sees less than is there, the records are read one by one
(`xml_records`): a record with a fault is rejected alone, an element that is repeated with other values is marked.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Column, Contract, missing_column
from auyl.contracts.options import XmlOptions
from auyl.errors import ExtractRefused, shape
from auyl.formats import xml_records
from auyl.formats.common import RawResult, Reject, empty, write_part
from auyl.formats.marks import REPEATED
from auyl.formats.xml_document import Document, check_single, decoded, encoding_of, open_document
from auyl.formats.xml_paths import Paths, count, paths_in
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow

BATCH_ROWS = 61440
# A column that fewer records than these should fill may be empty in a file by chance.
EXPECTED_FILLED = 5
FEW_RECORDS = 20


@dataclass
class _Part:
    """What was read of one file: rows, containers of records, filled cells by column, rejects."""

    document: Document
    paths: Paths
    rows: int = 0
    containers: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    def has(self, column: Column) -> bool:
        """Is an element of the column in the first records, or a value in any?"""
        return bool(self.paths.seen & set(column.names) or self.filled.get(column.name))

    def note_elsewhere(self, elements: int) -> None:
        """Report elements that are named like the record and are none."""
        if elements > 0:
            record = self.document.contract.options(XmlOptions).record_path[-1]
            self.paths.unknown.add(f"{record} at another path ({elements:,})")


class _Undecided(Exception):
    """The fast parser does not know what a file holds."""


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read XML files, as many at once as there are threads. Options: `XmlOptions`.

    A column's source is a path below the record. `_record` counts the records of a file from 1, whatever containers
    they are in. A record that cannot be parsed becomes a reject. Raises ExtractRefused.
    """
    result = RawResult()
    documents = [open_document(contract, file, work) for file in files]
    part_files: dict[str, str] = {}
    for document in documents:
        fields = document.envelope
        part_number = fields.pop("part", document.file.name)
        result.add_envelope(contract, document.file, fields)
        if part_number in part_files:
            found = f"part {part_number[:9]} again, after {part_files[part_number]}"
            raise contract.refusal(document.file, "each part once", found)
        part_files[part_number] = document.file.name
    _check_parts(contract, files, result)
    config = _parser_config(contract, work)

    def read_file(numbered: tuple[int, Document]) -> _Part:
        number, document = numbered
        with document.content() as content:
            part = _Part(document, paths_in(document, content))
            _read_file(part, content, folder, number, config, con.cursor())
        return part

    threads = con.execute("select current_setting('threads')").fetchone()
    with ThreadPoolExecutor(max_workers=int(threads[0]) if threads else 1) as pool:
        parts = list(pool.map(read_file, enumerate(documents, start=1)))
    _check_columns(contract, parts)
    for part in parts:
        result.rows[part.document.file.name] = part.rows
        result.rejects += part.rejects
        result.unknown_columns |= part.paths.unknown
        seen = {c: c.source for c in contract.columns if part.has(c) or not _is_lost(c, part, parts)}
        result.add_headings(seen, file=part.document.file.name)
    return result


def _parser_config(contract: Contract, work: Path) -> Path:
    steps = contract.options(XmlOptions).record_path
    record = "/" + "/".join(steps)
    fields = [
        {"name": name, "xml_path": f"{record}/{path}", "data_type": "Utf8", "nullable": True}
        for c in contract.columns
        for name, path in _sources(c)
    ]
    table = {"name": "record", "xml_path": "/" + "/".join(steps[:-1]), "levels": [steps[-1]], "fields": fields}
    path = work / f"{contract.registry}.xml2arrow.yaml"
    path.write_text(json.dumps({"tables": [table]}), encoding="utf-8")  # JSON is YAML, at a tenth of the cost
    return path


def _sources(column: Column) -> list[tuple[str, str]]:
    """Name and path of a column, and of each of its aliases."""
    names = (column.name, *(f"{column.name} ({n})" for n, _ in enumerate(column.aliases, start=2)))
    return list(zip(names, column.names, strict=True))


def _read_file(
    part: _Part, content: bytes | mmap.mmap, folder: str, number: int, config: Path, con: duckdb.DuckDBPyConnection
) -> None:
    document = part.document
    contract = document.contract
    try:
        if part.paths.is_unusual:
            raise _Undecided
        _read_fast(part, content, folder, number, config, con)
    except _Undecided:
        records = xml_records.read_records(document, bytes(content))
        part.rejects = records.rejects
        part.note_elsewhere(records.elsewhere)
        table = records.table()
        con.register("records", table)
        columns = ", ".join(identifier(c.name) for c in contract.columns)
        query = f"select {columns}, {literal(document.file.name)} as _file, _record from records"
        part.rows = write_part(con, query, folder, number)
        part.filled = {c.name: part.rows - table.column(c.name).null_count for c in contract.columns}
    con.unregister("records")
    if part.rows + len(part.rejects) == 0:
        raise empty(contract, document.file, "an envelope with no record in it")
    _check_count(part)


def _read_fast(
    part: _Part, content: bytes | mmap.mmap, folder: str, number: int, config: Path, con: duckdb.DuckDBPyConnection
) -> None:
    """Parse a file in Rust. Raises _Undecided for one that must be read by record, and ExtractRefused."""
    import duckdb
    import pyarrow
    import xml2arrow

    document, contract = part.document, part.document.contract
    parser = xml2arrow.XmlToArrowParser(str(config))
    faults: list[Exception] = []

    def batches() -> Iterator[pyarrow.RecordBatch]:
        try:
            if isinstance(content, bytes):
                yield _tidy(part, parser.parse(content)["record"])
            else:
                for _, batch in parser.parse_batches(str(document.text), max_rows_per_batch=BATCH_ROWS):
                    yield _tidy(part, batch)
            _check_structure(part, content)
        # The library's own errors, those of undecodable text (a TypeError), and of a panic.
        except (xml2arrow.exceptions.Xml2ArrowError, TypeError, RuntimeError) as error:
            faults.append(_Undecided())
            raise faults[0] from error
        except (_Undecided, ExtractRefused) as error:
            faults.append(error)
            raise

    records: Any
    if isinstance(content, bytes):
        records = pyarrow.Table.from_batches(list(batches()))
    else:
        schema = pyarrow.schema([*parser.schema("record"), ("_record", pyarrow.int64())])
        records = pyarrow.RecordBatchReader.from_batches(schema, batches())
    con.register("records", records)
    columns = ", ".join(_select(c) for c in contract.columns)
    query = f"select {columns}, {literal(document.file.name)} as _file, _record from records"
    try:
        part.rows = write_part(con, query, folder, number)
    except duckdb.Error as error:
        # DuckDB shows an error of the stream as one of its own.
        raise faults[0] if faults else error from error


def _check_structure(part: _Part, content: bytes | mmap.mmap) -> None:
    """What the fast parser would not notice. Raises _Undecided for a second address in a person, ExtractRefused for a
    second document in the file."""
    document = part.document
    if part.containers > 1:
        check_single(document, content)
    # A file that counts its records says itself that none is elsewhere; `_check_count` holds it to that.
    if not _stated_counts(document) and count(content, document.end, part.paths.closing) > part.rows:
        steps = document.contract.options(XmlOptions).record_path
        part.note_elsewhere(xml_records.record_places(content[: document.end], steps)[1])
    if any(count(content, document.end, closing) > part.rows for closing in part.paths.parents):
        raise _Undecided


def _tidy(part: _Part, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """The batch without the white space of pretty-printed elements, and with `_record`; rows and cells are counted."""
    import numpy
    import pyarrow
    import pyarrow.compute as pc

    columns = []
    for name, cells in zip(batch.schema.names, batch.columns, strict=True):
        column = cells
        if pyarrow.types.is_string(column.type):
            content = column.buffers()[2]
            if content and (numpy.frombuffer(content, "u1") < 32).any():
                column = pc.utf8_trim(column, characters=xml_records.SPACE)
                column = pc.if_else(pc.equal(column, ""), None, column)
            known = name.split(" (")[0]
            part.filled[known] = part.filled.get(known, 0) + len(column) - column.null_count
        else:
            part.containers += pc.sum(pc.equal(column, 0)).as_py() or 0
        columns.append(column)
    first = part.rows + 1
    part.rows += batch.num_rows
    columns.append(pyarrow.array(numpy.arange(first, first + batch.num_rows, dtype="i8")))
    return pyarrow.RecordBatch.from_arrays(columns, [*batch.schema.names, "_record"])


def _select(column: Column) -> str:
    """SQL of a column: its source, else an alias; a mark where they differ."""
    name = identifier(column.name)
    if not column.aliases:
        return name
    names = ", ".join(identifier(source) for source, _ in _sources(column))
    values = f"list_distinct([{names}])"
    return (
        f"case when len({values}) > 1 then {literal(REPEATED)} || ' ' || array_to_string(list_sort({values}), '; ') "
        f"else coalesce({names}) end as {name}"
    )


def _stated_counts(document: Document) -> list[int]:
    """How many records a file says that it has, in each counter after them. Raises ExtractRefused for no number."""
    name = document.contract.options(XmlOptions).record_count
    if not name:
        return []
    counter = rb"<(?:[^\s<>/:]+:)?%s(?:\s(?:[^>]*[^>/])?)?>\s*([^<]*?)\s*<" % re.escape(name.encode())
    texts = [text.decode(errors="replace") for text in re.findall(counter, document.tail()) if text]
    return [_whole(document.contract, document.file, name, text) for text in texts]


def _whole(contract: Contract, file: Path, column: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise contract.refusal(file, "a whole number", f"the text «{shape(text)}»", column=column)
    return int(text)


def _check_count(part: _Part) -> None:
    stated = _stated_counts(part.document)
    rows = part.rows + len(part.rejects)
    # Each container may have a counter of its own.
    if stated and rows not in (stated[-1], sum(stated)):
        found = f"{rows} records"
        raise part.document.contract.refusal(part.document.file, f"{stated[-1]} records, as it says itself", found)


def _check_parts(contract: Contract, files: list[Path], result: RawResult) -> None:
    parts = result.envelope.get("parts")
    if parts is not None and _whole(contract, files[0], "parts", parts) != len(files):
        found = f"{len(files)}: {', '.join(file.name for file in files[:9])}"
        raise contract.refusal(files[0], f"{parts} files, as the extract says itself", found)


def _check_columns(contract: Contract, parts: list[_Part]) -> None:
    """Refuse a part without a required column; one that lacks an optional column is left to drift.

    A part of few records may leave out what is empty in all of them. Raises ExtractRefused.
    """
    for column in contract.columns:
        is_anywhere = any(part.has(column) for part in parts)
        for part in parts:
            if not column.required or part.has(column):
                continue
            if is_anywhere and part.rows + len(part.rejects) < FEW_RECORDS and not part.paths.unknown:
                continue
            raise missing_column(contract, column, sorted(part.paths.unknown), part.document.file.name, None)


def _is_lost(column: Column, part: _Part, parts: list[_Part]) -> bool:
    """Is a column that a part does not have missed there? One that few records fill may be in none by chance."""
    others = [other for other in parts if other is not part]
    rows = sum(other.rows for other in others)
    expected = part.rows * sum(other.filled.get(column.name, 0) for other in others) / rows if rows else 0.0
    return (
        column.required
        or expected >= EXPECTED_FILLED
        or bool(part.paths.unknown)
        or not any(other.has(column) for other in parts)
    )


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of a file begins."""
    encoding, is_utf8 = encoding_of(contract, file)
    text = file.read_bytes() if is_utf8 else "".join(decoded(file, encoding)).encode()
    places, _, _ = xml_records.record_places(text, contract.options(XmlOptions).record_path)
    lines: dict[int, int] = {}
    line = 1
    counted = 0
    for record in sorted(records):
        if 0 < record <= len(places):
            begin = places[record - 1][0]
            line += text.count(b"\n", counted, begin)
            counted = begin
            lines[record] = line
    return lines
