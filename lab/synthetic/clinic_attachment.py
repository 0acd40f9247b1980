"""Attachment to clinics: the register of РПН as text with `|` between the fields and technical headings."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.delimited import write_delimited
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Line, Registry
from lab.synthetic.writing import Written

LABELS = {"iin": "IIN", "clinic_bin": "MO_BIN", "site": "UCHASTOK", "attached": "DATE_ATTACH"}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file."""
    path = folder / f"clinic_attachment_{month.period}.csv"
    return [write_delimited(con, "clinic_attachment_row", [*LABELS.values()], [*LABELS], path, "|")]


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'clinic_attachment_{month.period}.csv'", "n + 1"


_SWAPPED = "left(iin, 9) || iin[11] || iin[10]"

FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("iin", "wrong_check_digit(iin, key)", "length(iin) = 12"),
    "iin_missing": Cell("iin", "''", "length(iin) = 12"),
    "iin_short": Cell("iin", "ltrim(iin, '0')", "length(iin) = 12 and iin[1] = '0'"),
    "iin_two_swapped": Cell(
        "iin",
        f"{_SWAPPED} || iin[12]",
        f"check_digit({_SWAPPED}) <> digit(iin, 12)",
    ),
    "bin_bad_checksum": Cell("clinic_bin", "wrong_check_digit(clinic_bin, key)"),
    "exact_duplicate": Extra(),
    "conflicting_duplicate": Extra(
        {"attached": "dmy(h_since - 30 - roll(key, 'older', 2000)::integer)", "clinic_bin": "h_elsewhere"}
    ),
    "attached_elsewhere": Cell("clinic_bin", "h_elsewhere"),
    "dead_still_listed": Extra({"iin": "h_dead_iin"}, "h_dead_iin is not null"),
    "code_as_float": Cell("site", "site || '.0'"),
    "trailing_spaces": Cell("clinic_bin", "clinic_bin || '  '"),
    "future_date": Cell("attached", "dmy(a_future_day(key))"),
    "column_count": Line(),
    "test_row": Extra({"iin": "'123456789012'", "site": "'99'"}),
    "total_row": Extra({"iin": "'ИТОГО'", "clinic_bin": "(1000 + roll(key, 'sum', 90000))::varchar", "site": "''"}),
}

REGISTRY = Registry("clinic_attachment", "iin", LABELS, write, _where, order="key", faults=FAULTS, states_period=False)
