"""Housing and roads: a table of settlements saved by a spreadsheet as «Unicode text», that is UTF-16 with tabs."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.delimited import CRLF, write_delimited
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Line, Registry
from lab.synthetic.writing import Written

LABELS = {
    "kato": "КАТО",
    "district": "Район",
    "okrug": "Сельский округ",
    "settlement": "Населенный пункт",
    "houses_planned": "Домов по плану",
    "houses_built": "Домов построено",
    "houses_handed": "Домов передано",
    "families": "Семей переехало",
    "persons": "Человек переехало",
    "employed": "Из них трудоустроено",
    "roads": "Дороги, км",
    "roads_good": "в хорошем состоянии, км",
    "roads_fair": "в удовлетворительном состоянии, км",
    "roads_bad": "в неудовлетворительном состоянии, км",
    "water": "Водоснабжение",
    "school": "Школа",
    "clinic": "Медицинская организация",
    "kindergarten": "Детский сад",
    "gas": "Газ",
    "month": "Отчетный месяц",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file, «Unicode text» of a spreadsheet."""
    path = folder / f"housing_{month.period}.txt"
    return [
        write_delimited(con, "housing_row", [*LABELS.values()], [*LABELS], path, "\t", CRLF, mark=True, encode=_utf16)
    ]


def _utf16(data: memoryview) -> bytes:
    return bytes(data).decode("utf-8").encode("utf-16-le")


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'housing_{month.period}.txt'", "n + 1"


FAULTS: dict[str, Fault] = {
    "exact_duplicate": Extra(),
    "homoglyph": Cell(
        "settlement", "homoglyphs(settlement)", "regexp_matches(homoglyphs(settlement), '^[^ ]*[А-Яа-яІі][^ ]*$')"
    ),
    "legacy_letters": Cell("settlement", "legacy_letters(settlement)"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "amount_negative": Cell("roads", "'-' || roads"),
    "amount_not_number": Cell("houses_built", "choice(key, 'no number', ['н/д', '#ЗНАЧ!', 'идёт', '2-3'])"),
    "unknown_status": Cell("water", "'будет в следующем году'"),
    "wrong_period": Cell("month", "strftime(getvariable('last_month_day'), '%m.%Y')"),
    "total_row": Extra(
        {"settlement": "'ИТОГО'", "kato": "''", "houses_planned": "(100 + roll(key, 'sum', 900))::varchar"}
    ),
    "column_count": Line(),
    "done_on_paper": Cell("houses_handed", "(houses_built::bigint + 1 + roll(key, 'paper', 9))::varchar"),
}

REGISTRY = Registry("housing", "kato", LABELS, write, _where, order="key", faults=FAULTS)
