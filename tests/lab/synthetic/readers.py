"""An oblast on disk, and readers of its formats that share no code with the writers."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from lxml import etree
from python_calamine import CalamineWorkbook

from lab.synthetic import Summary

PERIOD = "2026-10"
PEOPLE = 6_000
SLOTS = str.maketrans("ЌќЄєЅѕҐґЎўЇїЈјЋћ", "ҚқҒғҢңӨөҰұҮүӘәҺһ")


@dataclass(frozen=True)
class Oblast:
    """Extracts on disk and the summary of `make`."""

    extracts: Path
    summary: Summary

    def folder(self, registry: str) -> Path:
        """Files of a registry."""
        return self.extracts / self.summary.period / registry

    def rows(self, registry: str) -> dict[tuple[str, int], dict[str, str | None]]:
        """Every row of a registry by (file, record), cells by the column names of the file."""
        return {
            (file, n): row
            for path in sorted(self.folder(registry).iterdir())
            for file, n, row in READERS[registry](path)
        }

    def faults(self, registry: str) -> list[dict[str, Any]]:
        """Ground truth of a registry: its faults."""
        return _parquet(self.extracts / "truth" / self.summary.period / f"{registry}.parquet")

    def persons(self) -> list[dict[str, Any]]:
        """Ground truth of persons."""
        return _parquet(self.extracts / "truth" / self.summary.period / "persons.parquet")


def _parquet(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        result = con.execute("from read_parquet(?)", [str(path)])
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


Rows = Iterator[tuple[str, int, dict[str, str | None]]]


def _population(path: Path) -> Rows:
    fields = {
        "iin": "iin", "surname": "surname", "name": "name", "patronymic": "patronymic", "birthDate": "birthDate",
        "deathDate": "deathDate", "gender/code": "gender/code", "nationality/code": "nationality/code",
        "lifeStatus/code": "lifeStatus/code", "regAddress/district/code": "regAddress/district/code",
        "regAddress/city": "regAddress/city", "regAddress/street": "regAddress/street",
        "regAddress/building": "regAddress/building", "regAddress/flat": "regAddress/flat",
        "regAddress/beginDate": "regAddress/beginDate", "regAddress/arCode": "regAddress/arCode",
    }  # fmt: skip
    for n, (_, person) in enumerate(etree.iterparse(path, tag="person"), start=1):
        yield path.name, n, {name: person.findtext(where) for name, where in fields.items()}
        person.clear()


def _civil_acts(path: Path) -> Rows:
    for n, (_, act) in enumerate(etree.iterparse(path, tag="act"), start=1):
        leaves = [node for node in act.iter() if len(node) == 0]
        yield path.name, n, {act.getroottree().getelementpath(node).split("/act", 1)[1].split("/", 1)[1]: node.text
                             for node in leaves}  # fmt: skip
        act.clear()


def _separated(path: Path, text: str, separator: str) -> Rows:
    header, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for n, cells in enumerate(lines, start=1):
        yield path.name, n, dict(zip(header, [*cells, *[None] * (len(header) - len(cells))], strict=True))


def _social_assistance(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("cp1251").translate(SLOTS), ";")


def _clinic_attachment(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8"), "|")


def _housing(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-16"), "\t")


def _budget_okrug(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8-sig"), ";")


def _territory(path: Path) -> Rows:
    history = {"became_kato": None, "changed_on": None, "act": None}
    for file, n, row in _separated(path, path.read_bytes().decode("utf-8"), ","):
        yield file, n, row | {name: value for name, value in history.items() if name not in row}


def _pets(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8-sig"), ",")


def _ambulance(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8"), ",")


def _family_card(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8-sig"), ";")


def _items(path: Path) -> Rows:
    for n, item in enumerate(json.loads(path.read_bytes())["items"], start=1):
        yield path.name, n, {key: str(value) if isinstance(value, int) else value for key, value in item.items()}


def _waste_sites(path: Path) -> Rows:
    features = json.loads(path.read_bytes(), parse_float=Decimal)["features"]
    for n, feature in enumerate(features, start=1):
        geometry = feature["geometry"]
        corners = [geometry["coordinates"]] if geometry["type"] == "Point" else geometry["coordinates"][0][:-1]
        centre = [sum(axis) / len(corners) for axis in zip(*corners, strict=True)]
        properties = {name: None if value is None else str(value) for name, value in feature["properties"].items()}
        yield path.name, n, properties | {"geometry": f"[{centre[0]:.5f}, {centre[1]:.5f}]"}


def _survey(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8"), ",")


def _sheets(above: int) -> Callable[[Path], Rows]:
    def read(path: Path) -> Rows:
        book = CalamineWorkbook.from_path(path)
        for sheet in book.sheet_names:
            header, *rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)[above:]
            for n, cells in enumerate(rows, start=1):
                yield f"{path.name}#{sheet}", n, dict(zip(header, map(_as_text, cells), strict=True))

    return read


def _gateway(record: str, *paths: str) -> Callable[[Path], Rows]:
    def read(path: Path) -> Rows:
        for n, (_, element) in enumerate(etree.iterparse(path, tag=record), start=1):
            yield path.name, n, {name: element.findtext(name) for name in paths}
            element.clear()

    return read


def _as_text(cell: Any) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{cell:g}"
    return f"{cell:%d.%m.%Y}" if isinstance(cell, (date, datetime)) else str(cell)


READERS: dict[str, Callable[[Path], Rows]] = {
    "population": _population,
    "civil_acts": _civil_acts,
    "clinic_attachment": _clinic_attachment,
    "disability": _items,
    "education": _items,
    "family_card": _family_card,
    "household_book": _sheets(4),
    "appeals": _sheets(3),
    "survey": _survey,
    "social_assistance": _social_assistance,
    "livestock": _sheets(2),
    "ambulance": _ambulance,
    "employment": _items,
    "budget_okrug": _budget_okrug,
    "territory": _territory,
    "address_register": _items,
    "pets": _pets,
    "veterinary_events": _sheets(3),
    "internet": _sheets(4),
    "waste_sites": _waste_sites,
    "subsidies": _items,
    "land": _social_assistance,
    "loans": _sheets(6),
    "business_register": _sheets(3),
    "road_map": _sheets(3),
    "housing": _housing,
    "civil_service": _gateway(
        "position", "postNumber", "body/bin", "body/nameRu", "body/kato", "post/code", "post/category", "post/vacant",
        "post/vacantSince", "post/pay", "holder/iin", "holder/surname", "holder/name", "holder/age",
        "holder/appointedOn", "holder/firstTime", "holder/newToService", "holder/schoolOfAkims", "term/kind",
        "term/nominatedBy", "term/begin", "term/end", "month",
    ),
    "taxes": _gateway(
        "payment", "payer/xin", "payer/name", "payer/kind", "kbk", "taxOrgCode", "kato", "month", "accrued", "paid",
        "arrears", "lastPaymentDate",
    ),
}  # fmt: skip
