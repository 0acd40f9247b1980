"""Territory as a registry: CSV of the classifier's official shape, the current edition and a former one.

The file of the former edition has the columns of history after the six of the classifier.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.delimited import write_delimited
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Line, Registry
from lab.synthetic.writing import Written

LABELS = {
    column: column
    for column in (
        "kato",
        "kato_version",
        "level",
        "type_code",
        "name_ru",
        "name_kk",
        "became_kato",
        "changed_on",
        "act",
    )
}
_PARTS = {1: ("current", 6), 2: ("former", 9)}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write a file for each edition."""
    written = []
    for part, (name, count) in _PARTS.items():
        names = list(LABELS)[:count]
        fields = [f"csv_field({column})" for column in names]
        rows = f"(from territory_row where part = {part})"
        written.append(write_delimited(con, rows, names, fields, folder / _file(month, name), ","))
    return written


def _file(month: Month, name: str) -> str:
    return f"territory_{month.period}_{name}.csv"


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    names = " ".join(f"when {part} then '{_file(month, name)}'" for part, (name, _) in _PARTS.items())
    return f"case part {names} end", "n + 1"


FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("name_ru", "translate(name_ru, 'Аае', 'Aae')"),
    "lost_letters": Cell("name_kk", "lost_letters(name_kk)"),
    "legacy_letters": Cell("name_kk", "legacy_letters(name_kk)"),
    "exact_duplicate": Extra(),
    "conflicting_duplicate": Extra({"name_ru": "name_ru || ' (бывш.)'"}),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("became_kato", "left(became_kato, 4) || '99999'", "became_kato <> ''"),
    "trailing_spaces": Cell("name_ru", "name_ru || '  '"),
    "future_date": Cell("changed_on", "dmy(a_future_day(key))", "changed_on <> ''"),
    "unknown_status": Cell("level", "choice(key, 'level', ['settlment', 'village', '3'])"),
    "test_row": Extra({"kato": "'199999900'", "name_ru": "'Тест'", "name_kk": "'Тест'"}),
    "header_in_middle": Extra({column: f"'{column}'" for column in LABELS}),
    "column_count": Line(),
}

REGISTRY = Registry(
    "territory", "kato", LABELS, write, _where, order="key", has_parts=True, faults=FAULTS, states_period=False
)
