"""Budgets of okrugs: the export of the treasury's portal with the okrug's KATO in front; thousand tenge."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.delimited import write_delimited
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Line, Registry
from lab.synthetic.writing import Written

_SAME = (
    "kato",
    "id",
    "code",
    "name",
    "utv",
    "utch",
    "plg",
    "plgp",
    "plgo",
    "sumrg",
    "obz",
    "obzsumrg",
    "plgpsumrg",
    "plgsumrg",
    "level",
)
LABELS = {column: column for column in _SAME} | {
    "is_leaf": "isLeaf",
    "loaded": "loaded",
    "expanded": "expanded",
    "parent_code": "parentCode",
    "parent_id": "parent_id",
    "month": "month",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file, UTF-8 with a byte order mark."""
    path = folder / f"budget_okrug_{month.period}.csv"
    return [write_delimited(con, "budget_okrug_row", [*LABELS.values()], [*LABELS], path, ";", mark=True)]


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'budget_okrug_{month.period}.csv'", "n + 1"


# A line below the main ones may be below zero: what was paid back is booked so.
_IS_MAIN = "level::integer <= 1 and regexp_matches(upper(name), 'ДОХОДЫ|ЗАТРАТЫ|ПОСТУПЛЕНИЯ')"

FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("name", "translate(name, 'Н', 'H')"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("sumrg", "'-' || sumrg", f"sumrg <> '0.0' and {_IS_MAIN}"),
    "amount_not_number": Cell("sumrg", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!'])"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "trailing_spaces": Cell("name", "name || ' '"),
    "wrong_period": Cell("month", "strftime(getvariable('last_month_day'), '%m.%Y')"),
    "column_count": Line(),
}

REGISTRY = Registry("budget_okrug", "kato", LABELS, write, _where, order="key", faults=FAULTS)
