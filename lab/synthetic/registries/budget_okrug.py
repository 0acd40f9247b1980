"""Okrug budgets: the export of the treasury's portal with the okrug's KATO in front, in thousand tenge."""

from lab.synthetic.files.delimited import Delimited
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry

_SAME = (
    "kato", "id", "code", "name", "utv", "utch", "plg", "plgp", "plgo", "sumrg", "obz", "obzsumrg", "plgpsumrg",
    "plgsumrg", "level",
)  # fmt: skip
LABELS = {column: column for column in _SAME} | {
    "is_leaf": "isLeaf",
    "loaded": "loaded",
    "expanded": "expanded",
    "parent_code": "parentCode",
    "parent_id": "parent_id",
    "month": "month",
}
FILE = Delimited(";", has_bom=True)

# Only main lines must not be negative: repayments are booked as negative amounts on the others.
_IS_MAIN = "level::integer <= 1 and regexp_matches(upper(name), 'ДОХОДЫ|ЗАТРАТЫ|ПОСТУПЛЕНИЯ')"

FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("name", "translate(name, 'Н', 'H')"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("sumrg", "'-' || sumrg", f"sumrg <> '0.0' and {_IS_MAIN}", outcome="warned"),
    "amount_not_number": Cell("sumrg", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!'])", outcome="warned"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "trailing_spaces": Cell("name", "name || ' '"),
    "wrong_period": Cell("month", "strftime(getvariable('last_month_day'), '%m.%Y')"),
    "column_count": BrokenLine(),
}

REGISTRY = Registry("budget_okrug", "kato", LABELS, FILE, order="key", faults=FAULTS)
