"""Internet coverage: the ministry's workbook of villages, operators and speeds."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import workbook
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

SHEETS = ("Населенные пункты",)

LABELS = {
    "no": "№ п/п",
    "district": "Район",
    "okrug": "Сельский округ",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "operator": "Оператор",
    "technology": "Технология",
    "download": "Скорость приема, Мбит/с",
    "upload": "Скорость передачи, Мбит/с",
    "measured": "Дата замера",
    "quarter": "Квартал",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbook."""
    path = folder / f"internet_{month.period}.xlsx"
    return [workbook.write_workbook(con, path, "internet_row", SHEETS, _layout(month))]


def _layout(month: Month) -> workbook.Layout:
    quarter = ("I", "II", "III", "IV")[(month.first.month - 1) // 3]
    return workbook.Layout(
        (
            "Приложение 3",
            "Обеспечение сельских населенных пунктов области доступом к сети Интернет",
            f"{quarter} квартал {month.first.year} года",
            "",
        ),
        LABELS,
        {"measured": "h_has_dates"},
        frozenset({"no", "download", "upload"}),
    )


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return workbook.where(f"internet_{month.period}.xlsx", f"'{SHEETS[0]}'", _layout(month))


FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("settlement", "translate(settlement, 'Аае', 'Aae')"),
    "lost_letters": Cell("settlement", "lost_letters(settlement)"),
    "exact_duplicate": Extra(),
    "amount_not_number": Cell("download", "choice(key, 'no speed', ['н/д', 'до 100', '-', '#ДЕЛ/0!'])"),
    "amount_negative": Cell("download", "'-' || download", "download <> '0'"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("measured", "dmy(a_future_day(key))"),
    "wrong_period": Cell("quarter", "quarter_name(getvariable('m') // 3 - 1)"),
    "total_row": Extra(
        {
            "no": "'ИТОГО'",
            "kato": "''",
            "settlement": "''",
            "operator": "''",
            "technology": "''",
            "download": "(20 + roll(key, 'sum', 900))::varchar",
            "upload": "''",
            "measured": "''",
        }
    ),
    "header_in_middle": Extra({column: f"'{label}'" for column, label in LABELS.items()}),
    "merged_cells": Cell("okrug", "''", "h_same_okrug"),
    "unknown_status": Cell("technology", "choice(key, 'technology', ['ШПД', 'есть', '10'])"),
}

REGISTRY = Registry("internet", "kato", LABELS, write, _where, order="key", faults=FAULTS)
