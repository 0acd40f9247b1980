"""Livestock: a workbook of the veterinary system with a sheet for each kind of animals."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import workbook
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

SHEETS = ("КРС", "МРС", "Лошади", "Верблюды")

LABELS = {
    "tag": "ИНЖ",
    "species": "Вид",
    "sex": "Пол",
    "birth_date": "Дата рождения",
    "owner": "Владелец ИИН/БИН",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "vaccinated": "Дата вакцинации",
    "tested": "Дата исследования на бруцеллез",
    "result": "Результат исследования",
    "report_date": "Дата отчета",
}
_DATES = ("birth_date", "vaccinated", "tested", "report_date")


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    path = folder / f"livestock_{month.period}.xlsx"
    return [workbook.write_workbook(con, path, "livestock_row", SHEETS, _layout(month))]


def _layout(month: Month) -> workbook.Layout:
    title = f"Сведения о сельскохозяйственных животных по состоянию на {month.as_of:%d.%m.%Y}"
    return workbook.Layout((title, ""), LABELS, dict.fromkeys(_DATES, "h_has_dates"))


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return workbook.where(f"livestock_{month.period}.xlsx", "h_sheet", _layout(month))


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("owner", "wrong_check_digit(owner, key)", "length(owner) = 12"),
    "iin_missing": Cell("owner", "''", "length(owner) = 12"),
    "iin_short": Cell("owner", "ltrim(owner, '0')", "length(owner) = 12 and owner[1] = '0'"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.2021', '05.13.2020', 'весна 2022'])"
    ),
    "homoglyph": Cell("settlement", "homoglyphs(settlement)"),
    "exact_duplicate": Extra(),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("vaccinated", "dmy(a_future_day(key))"),
    "wrong_period": Cell("report_date", "strftime(getvariable('last_month_day'), '%d.%m.%Y')"),
    "total_row": Extra(
        {
            "tag": "'ИТОГО'",
            "sex": "''",
            "birth_date": "''",
            "owner": "''",
            "vaccinated": "''",
            "tested": "''",
            "result": "''",
            "species": "(10 + roll(key, 'sum', 900))::varchar",
        }
    ),
    "unknown_status": Cell("result", "'сомнительный'", "result <> ''"),
}

REGISTRY = Registry("livestock", "tag", LABELS, write, _where, has_parts=True, faults=FAULTS)
