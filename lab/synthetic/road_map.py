"""Road map of the oblast and development plans of villages: a quarterly workbook of two sheets."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import workbook
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

SHEETS = ("Дорожная карта", "Планы развития сел")
LABELS = {
    "plan": "Документ",
    "item": "№ пункта",
    "kato": "КАТО",
    "district": "Район",
    "okrug": "Сельский округ",
    "settlement": "Населенный пункт",
    "measure": "Мероприятие",
    "body": "Ответственный",
    "deadline": "Срок исполнения",
    "status": "Статус",
    "done": "Дата исполнения",
    "planned": "План, тыс. тенге",
    "spent": "Освоено, тыс. тенге",
    "as_of": "На дату",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    path = folder / f"road_map_{month.period}.xlsx"
    return [workbook.write_workbook(con, path, "road_map_row", SHEETS, _layout(month))]


def _layout(month: Month) -> workbook.Layout:
    above = ("Информация об исполнении", f"по состоянию на {month.as_of:%d.%m.%Y}", "")
    dates = dict.fromkeys(("deadline", "done", "as_of"), "h_has_dates")
    return workbook.Layout(above, LABELS, dates, frozenset({"planned", "spent"}))


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return workbook.where(f"road_map_{month.period}.xlsx", "h_sheet", _layout(month))


FAULTS: dict[str, Fault] = {
    "exact_duplicate": Extra(),
    "code_as_float": Cell("kato", "kato || '.0'", "kato <> ''"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'", "kato <> ''"),
    "amount_negative": Cell("planned", "'-' || planned"),
    "amount_not_number": Cell("spent", "choice(key, 'no sum', ['н/д', 'в пределах средств', '#ЗНАЧ!'])"),
    "trailing_spaces": Cell("measure", "measure || '  '"),
    "unknown_status": Cell("status", "'см. приложение'"),
    "wrong_period": Cell("as_of", "dmy(getvariable('last_month_day'))"),
    "total_row": Extra(
        dict.fromkeys(
            ("kato", "district", "okrug", "settlement", "measure", "body", "deadline", "status", "done"), "''"
        )
        | {"item": "'ВСЕГО'", "planned": "(1000 + roll(key, 'sum', 9000000))::varchar"}
    ),
    "done_on_paper": Cell("spent", "'0'", "status in ('исполнено', 'орындалды')"),
}

REGISTRY = Registry("road_map", "item", LABELS, write, _where, order="key", has_parts=True, faults=FAULTS)
