"""Taxes: the state revenue committee through the government gateway; a line is a payer, payment code and month."""

from lab.synthetic.files.messages import Message
from lab.synthetic.registry import Cell, Extra, Fault, Registry, iin_faults, kato_faults

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
FILE = Message("payments", "payment", "paymentCount", nil=frozenset({"last_paid"}))

FAULTS: dict[str, Fault] = {
    **iin_faults("payer", when=None),
    "lost_letters": Cell("payer_name", "lost_letters(payer_name)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("accrued", "'-' || accrued"),
    "amount_not_number": Cell("paid", "choice(key, 'no sum', ['-', 'н/д', '1.234.50', '12 500 тг'])"),
    **kato_faults(),
    "test_row": Extra({"payer": "'123456789012'", "payer_name": "'ТЕСТ ТЕСТОВ ' || key::varchar"}),
    "future_date": Cell("last_paid", "a_future_day(key)::varchar", "last_paid <> ''"),
    "wrong_period": Cell("month", "strftime(getvariable('last_month_day'), '%Y-%m')"),
    "unknown_status": Cell("kbk", "'000000'"),
}

REGISTRY = Registry("taxes", "payer", LABELS, FILE, faults=FAULTS)
