"""Subsidies: pages of the portal of farm subsidies, with the nameless column that its queries produce."""

from lab.synthetic.files.pages import Pages
from lab.synthetic.registry import Cell, Extra, Fault, Registry, iin_faults, kato_faults

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
FILE = Pages(1_000, null_when_empty=frozenset({"decided", "refusal", "bin"}))

FAULTS: dict[str, Fault] = {
    **iin_faults("bin", when=None),
    "lost_letters": Cell("applicant", "lost_letters(applicant)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("amount", "'-' || amount"),
    "amount_not_number": Cell("amount", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!', '12 500 тг'])"),
    **kato_faults(),
    "test_row": Extra({"docnum": "docnum || '0'", "applicant": "'1 Для Теста'", "bin": "''"}),
    "trailing_spaces": Cell("category", "category || '  '"),
    "future_date": Cell("submitted", "dmy(a_future_day(key)) || ' 09:15:00'"),
    "unknown_status": Cell("status", "'Черновик (архив)'"),
    "payee_closed": Cell("bin", "h_closed_bin", "h_closed_bin <> ''"),
}

REGISTRY = Registry("subsidies", "docnum", LABELS, FILE, faults=FAULTS)
