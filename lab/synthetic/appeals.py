"""Appeals: a workbook of e-Otinish, open ones and answered ones on sheets of their own."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.workbook import Layout, where, write_workbook
from lab.synthetic.writing import Written

SHEETS = ("На исполнении", "Исполненные")

LABELS = {
    "number": "Номер обращения",
    "received": "Дата регистрации",
    "kind": "Вид обращения",
    "category": "Категория",
    "district": "Район",
    "okrug": "Сельский округ",
    "authority": "Орган",
    "due": "Срок исполнения",
    "answered": "Дата ответа",
    "result": "Результат",
}


def _layout(month: Month) -> Layout:
    above = ("Отчет об обращениях физических лиц: {title}", f"сформирован на {month.as_of:%d.%m.%Y} 23:59", "")
    return Layout(above, LABELS, dates=dict.fromkeys(("received", "due", "answered"), "h_has_dates"))


def _file(month: Month) -> str:
    return f"appeals_{month.period}.xlsx"


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    return [write_workbook(con, folder / _file(month), "appeals_row", SHEETS, _layout(month))]


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return where(_file(month), "h_sheet", _layout(month))


FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("okrug", "homoglyphs(okrug)"),
    "exact_duplicate": Extra(),
    "date_unparsable": Cell("received", "choice(key, 'no date', ['00.00.0000', '31.02.2026', '05.13.2026', 'б/д'])"),
    "answered_before_received": Cell(
        "answered", "dmy(h_received - 3 - roll(key, 'too early', 40)::integer)", "part = 2"
    ),
    "future_date": Cell("received", "dmy(a_future_day(key))"),
    "trailing_spaces": Cell("okrug", "okrug || '  '"),
    "header_in_middle": Extra({column: f"'{label}'" for column, label in LABELS.items()}),
    "test_row": Extra({"number": "number || '-1'", "category": "'Для теста'"}),
    "total_row": Extra({"number": "'ИТОГО'", "category": "''", "received": "''", "due": "''", "answered": "''"}),
    "unknown_status": Cell("result", "choice(key, 'odd result', ['в архиве', '3', 'нет'])", "result <> ''"),
    "unknown_category": Cell("category", "choice(key, 'odd category', ['Разное (см. прим.)', 'А-17', 'не указано'])"),
}

REGISTRY = Registry(
    "appeals", "number", LABELS, write, _where, order="key", has_parts=True, faults=FAULTS, states_period=False
)
