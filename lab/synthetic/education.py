"""Education: pages of JSON of the national education data base, a school's levels with numbers as numbers."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.pages import write_pages
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

PAGE_ROWS = 1_000

LABELS = {
    "school_bin": "schoolBin",
    "school_name": "schoolName",
    "kato": "kato",
    "level": "classLevel",
    "pupils": "pupils",
    "classes": "classSets",
    "places": "designPlaces",
    "teachers": "teachers",
    "language": "language",
    "period": "period",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the pages."""

    def name(page: int) -> str:
        return f"education_{month.period}_{page:03d}.json"

    numbers = {"pupils", "classes", "places", "teachers"}
    return write_pages(con, folder, month, "education_row", LABELS, PAGE_ROWS, numbers=numbers, name=name)


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    number = f"n // {PAGE_ROWS} + 1"
    return f"'education_{month.period}_' || pad({number}, 3) || '.json'", f"n % {PAGE_ROWS} + 1"


FAULTS: dict[str, Fault] = {
    "bin_bad_checksum": Cell("school_bin", "wrong_check_digit(school_bin, key)"),
    "homoglyph": Cell("school_name", "homoglyphs(school_name)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("pupils", "'-' || pupils", "pupils <> '0'"),
    "amount_not_number": Cell("pupils", "choice(key, 'no number', ['н/д', '12-15', 'два'])"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("level", "level || ' '"),
    "wrong_period": Cell("period", "strftime(getvariable('last_month_day'), '%Y-%m')"),
    "test_row": Extra({"school_name": "'Тестовая школа'"}),
    "total_row": Extra({"level": "'ИТОГО'", "pupils": "(100 + roll(key, 'sum', 900))::varchar"}),
    "unknown_status": Cell("level", "choice(key, 'odd level', ['12', 'выпуск', '1а'])"),
}

REGISTRY = Registry("education", "school_bin", LABELS, write, _where, order="key", faults=FAULTS)
