"""Read extracts: every column as text under the name that the stage uses, with file and record.

For the XML `lxml.etree.iterparse` that visits each element once is the fastest of the usual methods. CPU seconds for
161 thousand persons: 4.1; with a path of `findtext` per field 9.4; `expat` 5.1. Wall time on another day: `findtext`
13.2 as a stream, `ElementTree` 13.1 as a stream and 15.3 as a tree, `pandas.read_xml` with a stylesheet 16.2.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from lxml import etree

PERSON = [
    "iin", "surname", "given_name", "patronymic", "birth_date", "death_date", "sex_code", "life_status_code",
    "district_code", "settlement_name", "street", "building", "flat", "registered_from", "rca", "is_removed",
]  # fmt: skip
ASSISTANCE = {
    "№": "row_number", "ИИН": "iin", "ФАМИЛИЯ": "surname", "ИМЯ": "given_name", "ОТЧЕСТВО": "patronymic",
    "ДАТА РОЖДЕНИЯ": "birth_date", "ВИД ПОМОЩИ": "kind", "СУММА, ТЕНГЕ": "amount_kzt", "ПЕРИОД": "month",
    "ДАТА НАЗНАЧЕНИЯ": "assigned_on", "ЛИЦЕВОЙ СЧЕТ СЕМЬИ": "family_account", "ЧЛЕНОВ СЕМЬИ": "family_members",
    "РАЙОН": "district_name", "СЕЛЬСКИЙ ОКРУГ": "okrug_name", "НАСЕЛЕННЫЙ ПУНКТ": "settlement_name",
}  # fmt: skip
ANIMAL = {
    "ИНЖ": "animal_number", "Вид": "species_name", "Пол": "sex_name", "Дата рождения": "birth_date",
    "Владелец ИИН/БИН": "owner_number", "КАТО": "kato", "Населенный пункт": "settlement_name",
    "Дата вакцинации": "vaccinated_on", "Дата исследования на бруцеллез": "tested_on",
    "Результат исследования": "test_result", "Дата отчета": "reported_on",
}  # fmt: skip
JOBSEEKER = {
    "id": "jobseeker_id", "iin": "iin", "lastName": "surname", "firstName": "given_name", "middleName": "patronymic",
    "birthDate": "birth_date", "registeredAt": "registered_on", "status": "status", "placedAt": "placed_on",
    "placementKind": "placement_kind", "katoCode": "kato", "settlement": "settlement_name", "education": "education",
    "profession": "profession",
}  # fmt: skip
BUDGET = {
    "kato": "kato", "id": "line_id", "code": "line_code", "name": "line_name", "utv": "approved_thousand_kzt",
    "utch": "refined_thousand_kzt", "plg": "plan_year_thousand_kzt", "plgp": "plan_period_thousand_kzt",
    "plgo": "obligations_paid_thousand_kzt", "sumrg": "executed_thousand_kzt", "obz": "obligations_thousand_kzt",
    "obzsumrg": "obligations_executed_thousand_kzt", "plgpsumrg": "executed_of_period_pct",
    "plgsumrg": "executed_of_year_pct", "level": "line_level", "isLeaf": "is_leaf", "loaded": "is_loaded",
    "expanded": "is_expanded", "parentCode": "parent_code", "parent_id": "parent_id", "month": "month",
}  # fmt: skip
WHERE = ["_file", "_record"]
NOTHING = etree.Element("nothing")


@dataclass
class Raw:
    """Unchanged rows with file and record, and lines that are no rows (_file, _line, _text, rule)."""

    rows: pd.DataFrame
    rejects: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        """Columns of the extract, without file and record."""
        return [name for name in self.rows.columns if name not in WHERE]


def _raw(rows: list[pd.DataFrame], rejects: list[tuple[str, int, str, str]] | None = None) -> Raw:
    lines = pd.DataFrame(rejects or [], columns=["_file", "_line", "_text", "rule"])
    return Raw(pd.concat(rows, ignore_index=True), lines)


def _check_period(stated: str | None, period: str, file: Path) -> None:
    if stated != period:
        raise SystemExit(f"{file.name}: expected the period {period}, found {stated}")


def population(files: list[Path], period: str) -> Raw:
    """XML of the gateway, one `person` per record."""
    frames = []
    for file in files:
        rows = []
        for _, element in etree.iterparse(str(file), tag=("period", "person")):
            if element.tag == "period":
                _check_period(element.text, period, file)
                continue
            element_of = {child.tag: child for child in element}.get
            place = {child.tag: child for child in element_of("regAddress", NOTHING)}.get
            rows.append(
                (
                    element_of("iin", NOTHING).text,
                    element_of("surname", NOTHING).text,
                    element_of("name", NOTHING).text,
                    element_of("patronymic", NOTHING).text,
                    element_of("birthDate", NOTHING).text,
                    element_of("deathDate", NOTHING).text,
                    element_of("gender", NOTHING).findtext("code"),
                    element_of("lifeStatus", NOTHING).findtext("code"),
                    place("district", NOTHING).findtext("code"),
                    place("city", NOTHING).text,
                    place("street", NOTHING).text,
                    place("building", NOTHING).text,
                    place("flat", NOTHING).text,
                    place("beginDate", NOTHING).text,
                    place("arCode", NOTHING).text,
                    element_of("removed", NOTHING).text,
                )
            )
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
        frame = pd.DataFrame(rows, columns=PERSON, dtype="str")
        frames.append(frame.assign(_file=file.name, _record=range(1, len(frame) + 1)))
    return _raw(frames)


def delimited(files: list[Path], delimiter: str, encoding: str, names: dict[str, str] | None = None) -> Raw:
    """CSV. `csv.reader` shows lines with another number of fields; `pandas.read_csv` would pad or drop them."""
    frames, rejects = [], []
    for file in files:
        with file.open(encoding=encoding, newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter)
            heading = next(reader)
            rows = []
            for row in reader:
                if len(row) == len(heading) and row != heading:
                    rows.append(row)
                else:
                    rule = "heading_repeated" if row == heading else "column_count"
                    rejects.append((file.name, reader.line_num, delimiter.join(row), rule))
        frame = pd.DataFrame(rows, columns=heading, dtype="str").rename(columns=names or {})
        frames.append(frame.mask(frame == "").assign(_file=file.name, _record=range(1, len(frame) + 1)))
    return _raw(frames, rejects)


def livestock(files: list[Path]) -> Raw:
    """Workbook with the heading in the third row of each sheet; the record is the row number in Excel."""
    frames, rejects = [], []
    for file in files:
        for sheet, rows in pd.read_excel(file, sheet_name=None, header=2, dtype=str, engine="calamine").items():
            name = f"{file.name}#{sheet}"
            is_heading = rows["ИНЖ"] == "ИНЖ"
            frame = rows.rename(columns=ANIMAL).astype("str").assign(_file=name, _record=range(4, len(rows) + 4))
            rejects += [(name, record, "", "heading_repeated") for record in frame.loc[is_heading, "_record"]]
            frames.append(frame[~is_heading].dropna(how="all", subset=list(ANIMAL.values())))
    return _raw(frames, rejects)


def employment(files: list[Path], period: str) -> Raw:
    """JSON pages, one item per record."""
    frames = []
    for file in files:
        page = json.loads(file.read_text(encoding="utf-8"))
        _check_period(page["period"], period, file)
        frame = pd.DataFrame(page["items"], dtype="str").rename(columns=JOBSEEKER)
        frames.append(frame.assign(_file=file.name, _record=range(1, len(frame) + 1)))
    return _raw(frames)
