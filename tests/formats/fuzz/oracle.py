"""Compares what was staged with what stands in the files, cell by cell, by readers of its own."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from auyl import formats
from auyl.contracts import GEOMETRY, Column, Contract
from auyl.contracts.options import XlsOptions
from auyl.formats.marks import MARKS
from auyl.settings import Settings
from auyl.store.duck import identifier
from tests.formats.fuzz import readers, values
from tests.formats.fuzz.readers import Record
from tests.formats.fuzz.values import Cell

Place = tuple[str, int]


@dataclass(frozen=True)
class Source:
    """The records of an extract by the names and numbers that intake gives them, and those that nobody can parse."""

    records: dict[Place, Record]
    unparsed: int
    thousands: Mapping[str, Mapping[str, bool | None]]

    @property
    def texts(self) -> Iterator[str]:
        """The texts of all records."""
        for record in self.records.values():
            yield from record.text


def read(contract: Contract, files: Mapping[str, bytes]) -> Source:
    """The source of an extract; `files` are those that were landed."""
    seen: dict[Place, Record] = {}
    unparsed = 0
    for name, content in _opened(contract, files):
        for record in readers.records(contract, content):
            if record.cells is None:
                unparsed += 1
            else:
                seen[(name if record.sheet is None else f"{name}#{record.sheet}", record.place)] = record
    by_machine, in_book = contract.format in ("xml", "json", "jsonl", "geojson"), contract.format in ("xlsx", "xls")
    thousands = {
        column.name: values.signs_of_thousands(
            [cells[at] for record in seen.values() if (cells := record.cells) and cells[at]], by_machine, in_book
        )
        for at, column in enumerate(contract.columns)
        if column.type == "number"
    }
    return Source(seen, unparsed, thousands)


def _opened(contract: Contract, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for name, content in files.items():
        if contract.archive is None:
            yield name, content
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                wanted = [one for one in archive.namelist() if one.endswith(".csv") and not one.startswith("__MACOSX")]
                yield from [(f"{name}/{one}", archive.read(one)) for one in wanted]
        except Exception:  # zipfile and zlib raise whatever the damage leads to
            continue


@cache
def unchanged_columns(include: Path, contract: Contract) -> frozenset[str]:
    """Columns that stage SQL passes on as they are: they stand there by their bare names."""
    text = (include / "sql" / "stage" / f"{contract.stage}.sql").read_text("utf-8")
    bare = set(re.findall(r"^    (\w+),$", text, flags=re.MULTILINE))
    if contract.format in ("xlsx", "xls"):
        bare -= set(contract.options(XlsOptions).fill_down)
    return frozenset(c.name for c in contract.columns if c.name in bare and not c.source.startswith(GEOMETRY))


def compare(
    contract: Contract, source: Source, con: duckdb.DuckDBPyConnection, folder: Path, settings: Settings
) -> tuple[str, str] | None:
    """The first fault of the staged rows in `stage.parquet` of a folder: its name and where it is."""
    columns = [
        (at, c) for at, c in enumerate(contract.columns) if c.name in unchanged_columns(settings.include, contract)
    ]
    staged = {row[0] for row in con.execute(f"describe select * from '{folder / 'stage.parquet'}'").fetchall()}
    # Columns of the vault do not reach stage.
    names = ", ".join(("p." if c.name in staged else "s.") + identifier(c.name) for _, c in columns)
    rows = con.execute(
        f"select p._file, p._record, p._unreadable, p._warned, {names} from '{folder / 'stage.parquet'}' as p "
        f"inner join scan as s on p._file = s._file and p._record = s._record"
    ).fetchall()
    lines = _lines(contract, folder, [(row[0], row[1]) for row in rows])
    costs = _costs(settings, contract)
    for file, number, unreadable, warned, *cells in rows:
        unbelieved = {name for rule in warned or () for name in costs.get(rule, ())}
        place = (file, lines.get((file, number), number))
        record = source.records.get(place)
        if record is None or record.cells is None:
            if contract.format == "csv" and source.unparsed:
                continue  # its quotes are wrong: readers differ
            return "misread", f"{place} is staged, and nothing is there"
        for (at, column), value in zip(columns, cells, strict=True):
            if value is None and column.name in unbelieved:
                continue
            is_named, thousands = column.name in (unreadable or ()), source.thousands.get(column.name)
            fault = _fault(column, record.cells[at], value, is_named, thousands)
            if fault and not _is_fact_of_key(contract, source, record, at, value):
                return fault, f"{place} {column.name}: {record.cells[at]} became {value!r}"
    return None


def _costs(settings: Settings, contract: Contract) -> dict[str, list[str]]:
    """The columns that are missing in a row which breaks a rule, by the rule."""
    suite = json.loads((settings.expectations / f"{contract.suite}.json").read_text("utf-8"))
    return {rule["meta"]["rule"]: rule["meta"].get("costs", []) for rule in suite["expectations"]}


def _is_fact_of_key(contract: Contract, source: Source, record: Record, at: int, value: Any) -> bool:
    """Is the value that of another record of the key, in a column whose fact is taken from the newest of them?"""
    column = contract.columns[at]
    if not any(column.name in fact.columns for fact in contract.facts) or record.cells is None:
        return False
    key = [n for n, one in enumerate(contract.columns) if one.name in contract.keys]
    for other in source.records.values():
        if other.cells is None or any(_plain(other.cells[n]) != _plain(record.cells[n]) for n in key):
            continue
        if _fault(column, other.cells[at], value, False, source.thousands.get(column.name)) is None:
            return True
    return False


def _plain(cell: Cell | None) -> str:
    return "" if cell is None else cell.plain


def _fault(
    column: Column, cell: Cell | None, value: Any, is_named: bool, thousands: Mapping[str, bool | None] | None
) -> str | None:
    reading = values.read(column, cell, thousands)
    if value is None:
        if reading.is_nothing or cell is None:
            return None
        return None if is_named and not (column.is_needed and not reading.values) else "emptied"
    return None if any(_is_same(value, one) for one in reading.values) else "changed"


def _is_same(staged: Any, read: values.Value) -> bool:
    if isinstance(read, str) or isinstance(staged, str | bool) or isinstance(read, bool):
        # A control character, which damage leaves, may stay in a text.
        return type(staged) is type(read) and (staged == read or values.without_controls(str(staged)) == read)
    if isinstance(staged, datetime):
        return isinstance(read, datetime) and staged == read
    if isinstance(staged, date):
        return type(read) is date and staged == read
    return not isinstance(read, date) and values.exact(staged) == values.exact(read)


def _lines(contract: Contract, folder: Path, places: list[Place]) -> dict[Place, int]:
    """Of a CSV, the line on which intake says that each of these records begins."""
    if contract.format != "csv":
        return {}
    found: dict[Place, int] = {}
    for path in formats.opened(contract, sorted((folder / "drop").iterdir()), folder / "work"):
        numbers = {number for name, number in places if name == path.name}
        found |= {(path.name, number): line for number, line in formats.locate(contract, path, numbers).items()}
    return found


def misread(
    contract: Contract, source: Source, con: duckdb.DuckDBPyConnection, folder: Path, rejects: int
) -> str | None:
    """How raw differs from the records of a text format: one is missing, one is none, or one says something else."""
    names = ", ".join(identifier(column.name) for column in contract.columns)
    rows = con.execute(f"select _file, _record, {names} from raw").fetchall()
    lines = _lines(contract, folder, [(row[0], row[1]) for row in rows])
    missing = set(source.records)
    for file, number, *texts in rows:
        place = (file, lines.get((file, number), number))
        missing.discard(place)
        record = source.records.get(place)
        if record is None or record.cells is None:
            if source.unparsed:
                continue
            return f"{place} was read, and nothing is there"
        for column, cell, text in zip(contract.columns, record.cells, texts, strict=True):
            if not column.source.startswith(GEOMETRY) and not _is_raw(cell, text):
                return f"{place} {column.name}: {cell} became {text!r}"
    return f"{len(missing)} records are not read, {rejects} rejects" if len(missing) > rejects else None


def _is_raw(cell: Cell | None, text: str | None) -> bool:
    """Does a raw text say what the cell says?"""
    if cell is not None and cell.kind in values.NO_VALUES:
        return (text or "").startswith(MARKS)
    if cell is None or not cell.text.strip() or cell.text == "NaN":
        return (text or "").strip() in ("", "NaN")
    if cell.kind == values.NUMBER:
        return text == cell.text or values.exact(text) == values.exact(cell.text)
    return values.plain(text or "") == cell.plain
