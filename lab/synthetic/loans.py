"""«Ауыл аманаты»: the workbook of the oblast's corporation, district by district, its heading in mid-page."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import workbook
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

SHEET = "Заявки"
LABELS = {
    "number": "№ заявки",
    "district": "Район",
    "okrug": "Сельский округ",
    "kato": "КАТО",
    "applicant": "ИИН/БИН заявителя",
    "name": "Заявитель",
    "applied": "Дата заявки",
    "purpose": "Направление",
    "asked": "Запрошено, тенге",
    "decision": "Решение",
    "decided": "Дата решения",
    "refusal": "Причина отказа",
    "lent": "Сумма займа, тенге",
    "months": "Срок, мес.",
    "jobs": "Рабочих мест",
}
_EMPTY = dict.fromkeys(("kato", "applicant", "name", "applied", "purpose", "decision", "decided", "refusal"), "''")


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    path = folder / f"loans_{month.period}.xlsx"
    return [workbook.write_workbook(con, path, "loans_row", [SHEET], _layout(month))]


def _layout(month: Month) -> workbook.Layout:
    above = (
        "АО «Социально-предпринимательская корпорация»",
        "",
        "Реестр заявок и микрокредитов по программе «Ауыл аманаты»",
        f"по состоянию на {month.as_of:%d.%m.%Y}",
        "",
        "Исполнитель: отдел микрокредитования",
    )
    dates = dict.fromkeys(("applied", "decided"), "h_has_dates")
    return workbook.Layout(above, LABELS, dates, frozenset({"asked", "lent", "months", "jobs"}))


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return workbook.where(f"loans_{month.period}.xlsx", f"'{SHEET}'", _layout(month))


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("applicant", "wrong_check_digit(applicant, key)"),
    "iin_missing": Cell("applicant", "''"),
    "iin_short": Cell("applicant", "ltrim(applicant, '0')", "applicant[1] = '0'"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("lent", "'-' || lent", "lent <> ''"),
    "amount_not_number": Cell("asked", "choice(key, 'no sum', ['н/д', '5 млн', '#ЗНАЧ!', 'уточняется'])"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("okrug", "okrug || '  '"),
    "merged_cells": Cell("district", "''", "h_nth_in_district > 1"),
    "future_date": Cell("applied", "dmy(a_future_day(key))"),
    "unknown_status": Cell("decision", "'см. примечание'"),
    "test_row": Extra({"number": "number || '/т'", "name": "'Тест ' || key::varchar", "applicant": "''"}),
    "total_row": Extra(
        _EMPTY
        | {
            "number": "'Итого по району'",
            "okrug": "''",
            "asked": "(1000000 + roll(key, 'sum', 90000000))::varchar",
            "lent": "(1000000 + roll(key, 'lent sum', 90000000))::varchar",
            "months": "''",
        }
    ),
    "header_in_middle": Extra(
        {column: f"'{label}'" for column, label in LABELS.items()},
        "u(key, 'add header_in_middle loans') = (select min(u(key, 'add header_in_middle loans')) from loans_clean)",
    ),
}

REGISTRY = Registry(
    "loans", "number", LABELS, write, _where, order="h_place_in_file", faults=FAULTS, states_period=False
)
