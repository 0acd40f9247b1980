"""Business register: the monthly workbook of the statistics office, legal entities and sole traders on two sheets."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import workbook
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

SHEETS = ("Юридические лица", "ИП")
LABELS = {
    "number": "БИН/ИИН",
    "name": "Наименование",
    "registered": "Дата регистрации",
    "oked": "Основной код ОКЭД",
    "activity": "Основной вид деятельности",
    "size": "Код КРП",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "head": "Руководитель",
    "status": "Статус",
    "closed": "Дата ликвидации",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    path = folder / f"business_register_{month.period}.xlsx"
    return [workbook.write_workbook(con, path, "business_register_row", SHEETS, _layout(month))]


def _layout(month: Month) -> workbook.Layout:
    above = (f"Субъекты статистического бизнес-регистра на {month.as_of:%d.%m.%Y}", "Алматинская область", "")
    return workbook.Layout(above, LABELS, dict.fromkeys(("registered", "closed"), "h_has_dates"), frozenset({"size"}))


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return workbook.where(f"business_register_{month.period}.xlsx", "h_sheet", _layout(month))


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("number", "wrong_check_digit(number, key)"),
    "iin_missing": Cell("number", "''"),
    "iin_short": Cell("number", "ltrim(number, '0')", "number[1] = '0'"),
    "homoglyph": Cell(
        "settlement", "homoglyphs(settlement)", "regexp_matches(homoglyphs(settlement), '^[^ ]*[А-Яа-яІі][^ ]*$')"
    ),
    "lost_letters": Cell("name", "lost_letters(name)"),
    "exact_duplicate": Extra(),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "test_row": Extra({"number": "'123456789012'", "name": "'ТОО «Тест» ' || key::varchar"}),
    "trailing_spaces": Cell("name", "name || '  '"),
    "future_date": Cell("registered", "dmy(a_future_day(key))"),
    "unknown_status": Cell("size", "'999'"),
    "header_in_middle": Extra(
        {column: f"'{label}'" for column, label in LABELS.items()},
        "u(key, 'add header_in_middle business_register') = ("
        "select min(u(key, 'add header_in_middle business_register')) from business_register_clean)",
    ),
}

REGISTRY = Registry(
    "business_register", "number", LABELS, write, _where, has_parts=True, faults=FAULTS, states_period=False
)
