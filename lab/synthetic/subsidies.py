"""Subsidies: pages of the portal of farm subsidies, with the column without a name that its queries leave behind."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import pages
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

PAGE_SIZE = 1000

LABELS = {
    "docnum": "docnum",
    "bin": "bin",
    "applicant": "applicantName",
    "category": "category",
    "quantity": "quantity",
    "unit": "unit",
    "amount": "sum",
    "status": "status",
    "submitted": "submittedAt",
    "decided": "decidedAt",
    "refusal": "refusalReason",
    "kato": "kato",
    "district": "district",
    "nameless": "?column?",
}
_NULL_WHEN_EMPTY = {"decided", "refusal", "bin"}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the pages."""
    return pages.write_pages(con, folder, month, "subsidies_row", LABELS, PAGE_SIZE, _NULL_WHEN_EMPTY)


def _where(_: duckdb.DuckDBPyConnection, __: Month) -> tuple[str, str]:
    return pages.where(PAGE_SIZE)


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("bin", "wrong_check_digit(bin, key)"),
    "iin_missing": Cell("bin", "''"),
    "iin_short": Cell("bin", "ltrim(bin, '0')", "bin[1] = '0'"),
    "lost_letters": Cell("applicant", "lost_letters(applicant)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("amount", "'-' || amount"),
    "amount_not_number": Cell("amount", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!', '12 500 тг'])"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "test_row": Extra({"docnum": "docnum || '0'", "applicant": "'1 Для Теста'", "bin": "''"}),
    "trailing_spaces": Cell("category", "category || '  '"),
    "future_date": Cell("submitted", "dmy(a_future_day(key)) || ' 09:15:00'"),
    "unknown_status": Cell("status", "'Черновик (архив)'"),
    "payee_closed": Cell("bin", "h_closed_bin", "h_closed_bin <> ''"),
}

REGISTRY = Registry("subsidies", "docnum", LABELS, write, _where, faults=FAULTS)
