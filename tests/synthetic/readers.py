"""An oblast on disk, and readers of its formats that share nothing with their writers."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
from lxml import etree
from python_calamine import CalamineWorkbook

from auyl.synthetic import Summary

PERIOD = "2026-10"
PEOPLE = 6_000
SLOTS = str.maketrans("ЌќЄєЅѕҐґЎўЇїЈјЋћ", "ҚқҒғҢңӨөҰұҮүӘәҺһ")


@dataclass(frozen=True)
class Oblast:
    """Extracts on disk with what `make` said of them."""

    extracts: Path
    summary: Summary

    def folder(self, registry: str) -> Path:
        """Files of a registry."""
        return self.extracts / self.summary.period / registry

    def rows(self, registry: str) -> dict[tuple[str, int], dict[str, str | None]]:
        """Every row of a registry by (file, record), its cells by the names of the file."""
        return {
            (file, n): row
            for path in sorted(self.folder(registry).iterdir())
            for file, n, row in READERS[registry](path)
        }

    def faults(self, registry: str) -> list[dict[str, Any]]:
        """Rows of the truth about a registry's faults."""
        return _parquet(self.extracts / "truth" / self.summary.period / f"{registry}.parquet")

    def persons(self) -> list[dict[str, Any]]:
        """Rows of the truth about persons."""
        return _parquet(self.extracts / "truth" / self.summary.period / "persons.parquet")


def _parquet(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        found = con.execute("from read_parquet(?)", [str(path)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


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


def _separated(path: Path, text: str, separator: str) -> Rows:
    header, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for n, cells in enumerate(lines, start=1):
        yield path.name, n, dict(zip(header, [*cells, *[None] * (len(header) - len(cells))], strict=True))


def _social_assistance(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("cp1251").translate(SLOTS), ";")


def _housing(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-16"), "\t")


def _budget_okrug(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8-sig"), ";")


def _ambulance(path: Path) -> Rows:
    return _separated(path, path.read_bytes().decode("utf-8"), ",")


def _employment(path: Path) -> Rows:
    for n, item in enumerate(json.loads(path.read_bytes())["items"], start=1):
        yield path.name, n, item


def _livestock(path: Path) -> Rows:
    book = CalamineWorkbook.from_path(path)
    for sheet in book.sheet_names:
        _, _, header, *rows = book.get_sheet_by_name(sheet).to_python()
        for n, cells in enumerate(rows, start=1):
            yield f"{path.name}#{sheet}", n, dict(zip(header, map(_as_text, cells), strict=True))


def _gateway(record: str, *paths: str) -> Callable[[Path], Rows]:
    def read(path: Path) -> Rows:
        for n, (_, element) in enumerate(etree.iterparse(path, tag=record), start=1):
            yield path.name, n, {name: element.findtext(name) for name in paths}
            element.clear()

    return read


def _workbook(heading_row: int) -> Callable[[Path], Rows]:
    def read(path: Path) -> Rows:
        book = CalamineWorkbook.from_path(path)
        for sheet in book.sheet_names:
            # without this, empty rows above the first cell would be left out
            header, *rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)[heading_row - 1 :]
            for n, cells in enumerate(rows, start=1):
                yield f"{path.name}#{sheet}", n, dict(zip(header, map(_as_text, cells), strict=True))

    return read


def _as_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return f"{cell:%d.%m.%Y}" if isinstance(cell, (date, datetime)) else str(cell)


READERS: dict[str, Callable[[Path], Rows]] = {
    "population": _population,
    "social_assistance": _social_assistance,
    "livestock": _livestock,
    "ambulance": _ambulance,
    "employment": _employment,
    "subsidies": _employment,
    "budget_okrug": _budget_okrug,
    "land": _social_assistance,
    "loans": _workbook(7),
    "business_register": _workbook(4),
    "road_map": _workbook(4),
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
