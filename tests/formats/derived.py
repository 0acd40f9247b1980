"""Contracts derived from those of the repository, for formats and options that none of them has yet."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import yaml

from auyl.settings import REPOSITORY

Rows = Sequence[Mapping[str, object]]
FORMATS = ("csv", "json", "jsonl", "geojson", "xml", "xlsx", "xls")


def include_with(folder: Path, *derived: tuple[str, str, dict[str, Any]]) -> Path:
    """A copy of `include` below `folder` with further contracts: (new registry, its base, options of its server).

    Options whose value is None are taken away. `columns` is no option: it maps names of columns to changes of their
    properties in the contract (`physicalName`, `required`, `aliases`), and adds those that the base does not have.
    """
    include = folder / "include"
    if not include.exists():
        shutil.copytree(REPOSITORY / "include", include)
    for registry, base, options in derived:
        document = yaml.safe_load((include / "contracts" / f"{base}.odcs.yaml").read_text("utf-8"))
        columns = dict(options.pop("columns", {}))
        document["id"] = registry
        custom = {item["property"]: item["value"] for item in document.get("customProperties") or []}
        custom = {"stage": base, "suite": base} | custom
        document["customProperties"] = [{"property": k, "value": v} for k, v in custom.items()]
        server = document["servers"][0]
        kept = {item["property"]: item["value"] for item in server["customProperties"]}
        kept = {"way": "file", "connection": f"{registry}_drop", "filePattern": "*"} | {
            k: v for k, v in kept.items() if k in ("encoding", "delimiter")
        }
        kept |= options
        if kept["format"] != "csv":
            kept.pop("delimiter", None)
        server["customProperties"] = [{"property": k, "value": v} for k, v in kept.items() if v is not None]
        properties = document["schema"][0]["properties"]
        for name, changes in columns.items():
            node = next((p for p in properties if p["name"] == name), None)
            if node is None:
                node = {"name": name, "logicalType": "string"}
                properties.append(node)
            aliases = changes.pop("aliases", None)
            node |= changes
            if aliases:
                node.setdefault("customProperties", []).append({"property": "aliases", "value": aliases})
        path = include / "contracts" / f"{registry}.odcs.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    return include


def write(format_: str, rows: Rows, sheet: str = "Лист1") -> bytes:
    """The rows as a file of a format. Their keys are headings, keys, properties or elements, in their order."""
    return globals()[f"_{format_}"](rows, sheet)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A ZIP archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _csv(rows: Rows, sheet: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _jsonl(rows: Rows, sheet: str) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _json(rows: Rows, sheet: str) -> bytes:
    return json.dumps({"page": 1, "items": list(rows)}, ensure_ascii=False, indent=1).encode()


def feature(row: Mapping[str, object], geometry: object = None) -> dict[str, object]:
    """A feature with these properties."""
    return {"type": "Feature", "geometry": geometry, "properties": dict(row)}


def collection(features: Sequence[object], **members: object) -> bytes:
    """A feature collection, a feature on each line as common tools write it."""
    head = json.dumps({"type": "FeatureCollection", **members}, ensure_ascii=False)[:-1]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    return f'{head}, "features": [\n{lines}\n]}}\n'.encode()


def _geojson(rows: Rows, sheet: str) -> bytes:
    return collection([feature(row, {"type": "Point", "coordinates": [77.5, 43.25]}) for row in rows])


def _xml(rows: Rows, sheet: str) -> bytes:
    lines = "\n".join(
        "<row>"
        + "".join(
            f"<{name}/>" if value is None else f"<{name}>{escape(str(value))}</{name}>" for name, value in row.items()
        )
        + "</row>"
        for row in rows
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<data><rows>\n{lines}\n</rows></data>\n'.encode()


def _xlsx(rows: Rows, sheet: str) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, list(rows[0]))
        for at, row in enumerate(rows, start=1):
            page.write_row(at, 0, list(row.values()))
    return out.getvalue()


def _xls(rows: Rows, sheet: str) -> bytes:
    return xls({sheet: [list(rows[0]), *(list(row.values()) for row in rows)]})


def xls(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """An old workbook with these sheets, row by row from the first."""
    import xlwt

    out = io.BytesIO()
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in sheets.items():
        page = book.add_sheet(name)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    page.write(at, column, cell)
    book.save(out)
    return out.getvalue()
