"""Readers that share nothing with those of intake and forgive all they can: what a person could still see in a file.

Each gives the records of one file with their place: the line of a CSV, the number of an item, feature or element from
1, the row of a sheet. Books are in `books`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

from auyl.contracts import Contract
from auyl.contracts.options import CsvOptions, JsonOptions, XmlOptions
from tests.formats.fuzz import values
from tests.formats.fuzz.values import Cell, plain

# Of letters without case, since one pair may look alike in capitals only: H and Н.
LOOK_ALIKES = str.maketrans("abcehkmoptxyi", "авсенкмортхуі")
MOST_LINES_OF_A_RECORD = 8
# What stands behind the name of an element in its tag.
BEHIND_NAME = re.compile(rb"(<[\w.:-]+)[^\w.:\-/>][^>]*?(/?>)")
# What programs of the days of DOS and disks write behind the end of a file.
PADDING = b"\x1a\0"


@dataclass(frozen=True)
class Record:
    """A record of a file: its place and one cell a column of the contract; `cells` is None where it cannot be parsed.

    `sheet` is that of a book. `text` is what stands there, for searching it elsewhere.
    """

    place: int
    cells: tuple[Cell | None, ...] | None
    sheet: str | None = None
    text: tuple[str, ...] = ()


def records(contract: Contract, content: bytes) -> list[Record]:
    """Records visible in a file of the contract's format; none where it cannot be opened."""
    from tests.formats.fuzz import books

    readers = {"csv": _csv, "json": _json, "jsonl": _jsonl, "geojson": _geojson, "xml": _xml}
    readers |= {"xlsx": books.xlsx, "xls": books.xls}
    return readers[contract.format](contract, content)


@lru_cache(1 << 16)
def heading(text: str) -> str:
    """A heading for comparison: without case, invisible marks, look-alike letters."""
    return plain(text).casefold().translate(LOOK_ALIKES)


def places_of(contract: Contract, headings: Sequence[str]) -> list[list[int]]:
    """Of each column of the contract, where its headings stand."""
    keys = [heading(text) for text in headings]
    wanted = [set(map(heading, column.names)) for column in contract.columns]
    return [[at for at, key in enumerate(keys) if key in names] for names in wanted]


def cells_of(places: Sequence[Sequence[int]], row: Sequence[Cell | None]) -> tuple[Cell | None, ...]:
    """The cells of a row by column; a heading that stands several times leaves a doubt."""
    return tuple(None if not at else row[at[0]] if len(at) == 1 else Cell("", values.REPEATED) for at in places)


def _csv(contract: Contract, content: bytes) -> list[Record]:
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else contract.encoding
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff").rstrip(PADDING.decode())
    lines = re.split(r"\r\n|\n" if "\n" in text else r"\r", text)
    delimiter = contract.options(CsvOptions).delimiter
    heading_line, headings = _heading(contract, lines, delimiter)
    if not headings:
        return []
    places, width = places_of(contract, headings), len(headings)
    found, at = [], heading_line + 1
    while at < len(lines):
        if not lines[at].strip() or not lines[at].strip(delimiter + ' "'):
            at += 1
            continue
        row, used = _row(lines, at, delimiter, width)
        if row is not None and [heading(one) for one in row] == [heading(one) for one in headings]:
            row = None
        cells = None if row is None else cells_of(places, [Cell(re.sub(r'^="(.*)"$', r"\1", one)) for one in row])
        found.append(Record(at + 1, cells, text=tuple(row or ())))
        at += used
    return found


def _heading(contract: Contract, lines: list[str], delimiter: str) -> tuple[int, list[str]]:
    """Where the heading stands: the line of the first thirty that knows most columns."""
    rows = [next(csv.reader([line.replace("\r", " ")], delimiter=delimiter), []) for line in lines[:30]]
    known = [sum(bool(at) for at in places_of(contract, row)) for row in rows]
    best = known.index(max(known))
    row = rows[best]
    return best, row


def _row(lines: list[str], at: int, delimiter: str, width: int) -> tuple[list[str] | None, int]:
    """The fields of the record that begins on a line, and how many lines it takes; None where its quotes are wrong."""
    for used in range(1, MOST_LINES_OF_A_RECORD + 1):
        part = "\n".join(lines[at : at + used])
        try:
            (row,) = csv.reader(io.StringIO(part, newline=""), delimiter=delimiter, strict=True)
        except (csv.Error, ValueError):
            if part.count('"') % 2 == 0:
                break
            continue
        while len(row) > width and not row[-1]:
            row.pop()
        return (row if len(row) == width and _quotes_are_right(part, delimiter) else None), used
    return None, 1


def _quotes_are_right(record: str, delimiter: str) -> bool:
    """Does a quote only stand around a field, or doubled inside of one? Readers differ on all others."""
    rest = re.sub(rf'(?:^|(?<={re.escape(delimiter)}))"(?:[^"]|"")*"(?={re.escape(delimiter)}|$)', "", record)
    return '"' not in re.sub(rf'(?:^|(?<={re.escape(delimiter)}))="[^"]*"(?={re.escape(delimiter)}|$)', "", rest)


class _Number(str):
    """A JSON number as it is written."""


class _Constant(str):
    """NaN or Infinity, which JSON does not have and programs write."""


class _Repeated(dict[str, Any]):
    """An object; `repeated` are the keys that it has several times with different values."""

    repeated: frozenset[str]


def _object(pairs: Iterable[tuple[str, Any]]) -> _Repeated:
    pairs = list(pairs)
    made = _Repeated(pairs)
    made.repeated = frozenset(key for key, value in pairs if made[key] != value or type(made[key]) is not type(value))
    return made


def _json_cell(value: Any) -> Cell | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return Cell(str(value).lower(), values.BOOLEAN)
    if isinstance(value, _Constant):
        return Cell(value, values.TEXT if value == "NaN" else values.ERROR)
    if isinstance(value, dict | list):
        return Cell(json.dumps(value, ensure_ascii=False), values.STRUCTURE)
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        return Cell(value, values.ERROR)
    return Cell(str(value), values.NUMBER if isinstance(value, _Number) else values.TEXT)


def _of_object(contract: Contract, place: int, one: Any) -> Record:
    if not isinstance(one, _Repeated):
        return Record(place, None)
    cells: list[Cell | None] = []
    for column in contract.columns:
        keys = [key for name in column.names for key in one if plain(key) == name]
        names = [key for key in keys if one[key] is not None]
        is_repeated = any(key in one.repeated for key in keys) or len({str(one[key]) for key in names}) > 1
        cells.append(Cell("", values.REPEATED) if is_repeated else _json_cell(one[names[0]]) if names else None)
    return Record(place, tuple(cells), text=tuple(cell.text for cell in map(_json_cell, one.values()) if cell))


def _parsed(content: bytes) -> Any:
    numbers: Mapping[str, Any] = {"parse_int": _Number, "parse_float": _Number, "parse_constant": _Constant}
    try:
        # DuckDB lets a comma too many pass.
        text = re.sub(r",\s*}\s*$", "}", content.rstrip(PADDING).decode("utf-8-sig"))
        return json.loads(text, strict=False, object_pairs_hook=_object, **numbers)
    except (ValueError, RecursionError):
        return None


def _json(contract: Contract, content: bytes) -> list[Record]:
    page = _parsed(content)
    items = page.get(contract.options(JsonOptions).items) if isinstance(page, dict) else None
    return [_of_object(contract, n, item) for n, item in enumerate(items, 1)] if isinstance(items, list) else []


def _jsonl(contract: Contract, content: bytes) -> list[Record]:
    content = content.rstrip(PADDING).removeprefix(b"\xef\xbb\xbf")
    lines = enumerate(content.split(b"\n" if b"\n" in content else b"\r"), 1)
    return [_of_object(contract, n, _parsed(line)) for n, line in lines if line.strip(b" \t\r\x1a")]


def _geojson(contract: Contract, content: bytes) -> list[Record]:
    collection = _parsed(content)
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        return []
    properties = [(f.get("properties") or _object(())) if isinstance(f, dict) else None for f in features]
    return [_of_object(contract, n, one) for n, one in enumerate(properties, 1)]


def _xml(contract: Contract, content: bytes) -> list[Record]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = re.sub(r"^<\?xml[^>]*\?>", "", content.decode("utf-16", errors="replace")).encode()
    content = content.rstrip(PADDING + b" \r\n")
    steps = contract.options(XmlOptions).record_path
    try:
        root = _root(content)
    except ValueError:
        return _one_by_one(contract, content, steps[-1])
    nodes = [root] if _local(root) == steps[0] else []
    for step in steps[1:]:
        nodes = [child for node in nodes for child in node if _local(child) == step]
    return [_of_element(contract, number, node) for number, node in enumerate(nodes, 1)]


def _root(content: bytes) -> Any:
    """The root of a document whose elements are whole; ValueError where they are not.

    XML itself knows nothing of prefixes, so one that nobody declared is no fault. Attributes hold no values.
    """
    from lxml import etree

    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "huge_tree": True, "recover": True}
    for text in (content, BEHIND_NAME.sub(rb"\1\2", content)):
        parser = etree.XMLParser(**options)
        try:
            root = etree.fromstring(text, parser)
        except etree.XMLSyntaxError:
            continue
        if root is not None and all(entry.domain_name == "NAMESPACE" for entry in parser.error_log):
            return root
    raise ValueError("no XML")


def _one_by_one(contract: Contract, content: bytes, step: str) -> list[Record]:
    """The records of a document that is broken somewhere: each from its tag to that of the next."""
    opening, closing = (re.compile(rb"<%s(?:[\w.-]+:)?%s[\s>]" % (slash, step.encode())) for slash in (b"", b"/"))
    names = b" ".join(set(re.findall(rb"xmlns:[\w.-]+\s*=\s*[\"'][^\"'<>]*[\"']", content)))
    ends = [0, *(match.end() for match in closing.finditer(content)), len(content)]
    found: list[Record] = []
    for start, end in pairwise(ends):
        starts = [match.start() for match in opening.finditer(content, start, end)]
        if end == len(content) and not starts:
            break
        # One whose opening tag is broken counts too; of several that begin, only the last may end here.
        found += [Record(0, None)] * (len(starts) - 1)
        try:
            part = content[starts[-1] : end]
            found.append(_of_element(contract, 0, _root(b"<x " + names + b">" + part + b"</x>")[0]))
        except (ValueError, IndexError):
            found.append(Record(0, None))
    return [replace(record, place=number) for number, record in enumerate(found, 1)]


def _of_element(contract: Contract, number: int, node: Any) -> Record:
    texts: dict[str, list[str]] = {}
    for element, path in _below(node, ""):
        if not any(isinstance(child.tag, str) for child in element):
            texts.setdefault(path, []).append("".join(element.itertext()).strip())
    cells: list[Cell | None] = []
    for column in contract.columns:
        seen = next((texts[name] for name in column.names if any(texts.get(name, ()))), [])
        seen = [text for text in seen if text]
        cells.append(None if not seen else Cell(seen[0], values.TEXT if len(set(seen)) == 1 else values.REPEATED))
    return Record(number, tuple(cells), text=tuple(text for seen in texts.values() for text in seen))


def _below(node: Any, path: str) -> Iterable[tuple[Any, str]]:
    for child in node:
        if isinstance(child.tag, str):
            below = f"{path}/{_local(child)}".lstrip("/")
            yield child, below
            yield from _below(child, below)


def _local(node: Any) -> str:
    return re.sub(r"^\{.*\}|^.*:", "", node.tag) if isinstance(node.tag, str) else ""
