"""Veterinary events: the department's workbook, a sheet for each journal, rows of a district together."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import workbook
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

SHEETS = ("Вакцинация", "Исследования", "Очаги", "Отлов", "Укусы")

LABELS = {
    "no": "№",
    "kind": "Вид мероприятия",
    "requested": "Дата заявки",
    "done": "Дата исполнения",
    "animal": "ИНЖ / чип",
    "animal_kind": "Вид животного",
    "disease": "Болезнь",
    "heads": "Голов",
    "result": "Результат",
    "request_no": "Заявка №",
    "person": "ИИН заявителя, пострадавшего",
    "district": "Район",
    "okrug": "Сельский округ",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "brigade": "Бригада",
    "report_date": "Дата отчета",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    path = folder / f"veterinary_events_{month.period}.xlsx"
    return [workbook.write_workbook(con, path, "veterinary_events_row", SHEETS, _layout(month))]


def _layout(month: Month) -> workbook.Layout:
    return workbook.Layout(
        ("Управление ветеринарии", f"Журналы ветеринарных мероприятий за {month.as_of:%m.%Y}", ""),
        LABELS,
        dict.fromkeys(("requested", "done", "report_date"), "h_has_dates"),
        frozenset({"heads"}),
    )


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return workbook.where(f"veterinary_events_{month.period}.xlsx", "h_sheet", _layout(month))


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("person", "wrong_check_digit(person, key)", "person <> ''"),
    "homoglyph": Cell("animal", "translate(animal, 'KB', 'КВ')", "starts_with(animal, 'KZ')"),
    "exact_duplicate": Extra(),
    "amount_not_number": Cell("heads", "choice(key, 'no heads', ['н/д', 'много', '#ЗНАЧ!'])"),
    "amount_negative": Cell("heads", "'-' || heads"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("done", "dmy(a_future_day(key))", "done <> ''"),
    "arrival_before_call": Cell(
        "done",
        "dmy(days_before(strptime(requested, '%d.%m.%Y')::date, key))",
        "done <> '' and requested <> ''",
    ),
    "wrong_period": Cell("report_date", "strftime(getvariable('last_month_day'), '%d.%m.%Y')"),
    "total_row": Extra(
        {
            "no": "'ИТОГО'",
            "kind": "''",
            "requested": "''",
            "done": "''",
            "animal": "''",
            "heads": "(20 + roll(key, 'sum', 900))::varchar",
            "person": "''",
        }
    ),
    "header_in_middle": Extra({column: f"'{label}'" for column, label in LABELS.items()}),
    "merged_cells": Cell("district", "''", "h_same_district"),
    "unknown_status": Cell("result", "choice(key, 'result', ['см. журнал', 'сомнительный', '1'])"),
}

REGISTRY = Registry(
    "veterinary_events",
    "no",
    LABELS,
    write,
    _where,
    order="(h_place * 1000000000000000 + key)",
    has_parts=True,
    faults=FAULTS,
)
