"""Readers that share nothing with those of intake and forgive all they can: what a person could still see in a file.

Each gives the records of one file: a tuple of texts by the contract's columns where the record can be parsed, else
None. An empty text and none are the same here.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

from auyl.contracts import Contract, heading_key
from auyl.contracts.options import CsvOptions, JsonOptions, XmlOptions

Record = tuple[str, ...] | None


def records(contract: Contract, content: bytes) -> list[Record]:
    """Records visible in a file of the contract's format; none where it cannot be opened."""
    found: list[Record] = globals()[f"_{'book' if contract.format in ('xlsx', 'xls') else contract.format}"](
        contract, content
    )
    return found


def _names(contract: Contract) -> list[tuple[str, ...]]:
    return [column.names for column in contract.columns]


def _csv(contract: Contract, content: bytes) -> list[Record]:
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else contract.encoding
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    delimiter = contract.options(CsvOptions).delimiter
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if not rows:
        return []
    heading, *rows = rows
    keys = [heading_key(cell) for cell in heading]
    places = [
        next((keys.index(heading_key(n)) for n in names if heading_key(n) in keys), None) for names in _names(contract)
    ]
    found: list[Record] = []
    for cells in rows:
        # DuckDB lets one empty field too many pass.
        row = cells[:-1] if len(cells) == len(heading) + 1 and not cells[-1] else cells
        is_heading = [cell.strip("\ufeff ") for cell in row] == [cell.strip() for cell in heading]
        whole = len(row) == len(heading) and not is_heading
        found.append(tuple("" if at is None else row[at] for at in places) if whole else None)
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_object(contract: Contract, one: Any) -> Record:
    if not isinstance(one, dict):
        return None
    return tuple(_text(next((one[n] for n in names if one.get(n) is not None), None)) for names in _names(contract))


def _parsed(content: bytes) -> Any:
    try:
        # DuckDB lets a comma too many pass.
        return json.loads(re.sub(r",\s*}\s*$", "}", content.decode("utf-8-sig")))
    except (ValueError, RecursionError):
        return None


def _json(contract: Contract, content: bytes) -> list[Record]:
    page = _parsed(content)
    items = page.get(contract.options(JsonOptions).items) if isinstance(page, dict) else None
    return [_of_object(contract, item) for item in items] if isinstance(items, list) else []


def _jsonl(contract: Contract, content: bytes) -> list[Record]:
    lines = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b" \t\r")]
    return [_of_object(contract, _parsed(line)) for line in lines]


def _geojson(contract: Contract, content: bytes) -> list[Record]:
    collection = _parsed(content)
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        return []
    return [_of_object(contract, (f.get("properties") or {}) if isinstance(f, dict) else None) for f in features]


def _xml(contract: Contract, content: bytes) -> list[Record]:
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(content, parser) if content.strip() else None
    if root is None:
        return []
    steps = contract.options(XmlOptions).record_path
    nodes = [root] if etree.QName(root).localname == steps[0] else []
    for step in steps[1:]:
        nodes = [child for node in nodes for child in node if _local(child) == step]
    found: list[Record] = []
    for node in nodes:
        cells = {}
        for child in node.iter():
            path = "/".join(
                _local(one)
                for one in reversed([child, *child.iterancestors()])
                if one is not node and one in node.iter()
            )
            cells.setdefault(path, child.text or "")
        found.append(tuple(next((cells[n] for n in names if cells.get(n)), "") for names in _names(contract)))
    return found


def _local(node: Any) -> str:
    return re.sub(r"^\{.*\}", "", node.tag) if isinstance(node.tag, str) else ""


def _book(contract: Contract, content: bytes) -> list[Record]:
    from python_calamine import CalamineError, CalamineWorkbook

    known = {heading_key(n) for names in _names(contract) for n in names}
    found: list[Record] = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError):
        return []
    for rows in sheets:
        if not rows:
            continue
        at = max(range(min(30, len(rows))), key=lambda n: sum(heading_key(str(cell)) in known for cell in rows[n]))
        keys = [heading_key(str(cell)) for cell in rows[at]]
        places = [n for n, key in enumerate(keys) if key in known]
        found += [None for row in rows[at + 1 :] if any(row[n] not in ("", None) for n in places)]
    return found
