"""Attachment to clinics: the register РПН as text with `|` as delimiter and technical headings."""

from lab.synthetic.files.delimited import Delimited
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry, iin_faults

LABELS = {"iin": "IIN", "clinic_bin": "MO_BIN", "site": "UCHASTOK", "attached": "DATE_ATTACH"}

FILE = Delimited("|")

_SWAPPED = "left(iin, 9) || iin[11] || iin[10]"

FAULTS: dict[str, Fault] = {
    **iin_faults("iin"),
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
    "column_count": BrokenLine(),
    "test_row": Extra({"iin": "'123456789012'", "site": "'99'"}),
    "total_row": Extra({"iin": "'ИТОГО'", "clinic_bin": "(1000 + roll(key, 'sum', 90000))::varchar", "site": "''"}),
}

REGISTRY = Registry("clinic_attachment", "iin", LABELS, FILE, order="key", faults=FAULTS, states_period=False)
