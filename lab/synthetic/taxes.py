"""Taxes: the answer of the state revenue committee by the gateway, one payer, code of payment and month a line."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import messages
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

LABELS = {
    "payer": "payer/xin",
    "payer_name": "payer/name",
    "payer_kind": "payer/kind",
    "kbk": "kbk",
    "tax_office": "taxOrgCode",
    "kato": "kato",
    "month": "month",
    "accrued": "accrued",
    "paid": "paid",
    "arrears": "arrears",
    "last_paid": "lastPaymentDate",
}
MESSAGE = messages.Message("taxes", "payments", "payment", "paymentCount", LABELS, frozenset({"last_paid"}))


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the parts, of equal length."""
    return messages.write(con, MESSAGE, folder, month)


def _where(con: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return messages.where(con, MESSAGE, month)


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("payer", "wrong_check_digit(payer, key)"),
    "iin_missing": Cell("payer", "''"),
    "iin_short": Cell("payer", "ltrim(payer, '0')", "payer[1] = '0'"),
    "lost_letters": Cell("payer_name", "lost_letters(payer_name)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("accrued", "'-' || accrued"),
    "amount_not_number": Cell("paid", "choice(key, 'no sum', ['-', 'н/д', '1.234,50', '12 500 тг'])"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "test_row": Extra({"payer": "'123456789012'", "payer_name": "'ТЕСТ ТЕСТОВ ' || key::varchar"}),
    "future_date": Cell("last_paid", "a_future_day(key)::varchar", "last_paid <> ''"),
    "wrong_period": Cell("month", "strftime(getvariable('last_month_day'), '%Y-%m')"),
    "unknown_status": Cell("kbk", "'000000'"),
}

REGISTRY = Registry("taxes", "payer", LABELS, write, _where, faults=FAULTS)
