"""Education: JSON pages of the national education data base; an item is a level of a school."""

from lab.synthetic.files.pages import Pages
from lab.synthetic.registry import Cell, Extra, Fault, Registry, kato_faults

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
FILE = Pages(
    1_000, numbers=frozenset({"pupils", "classes", "places", "teachers"}), prefix="{registry}_{period}_", digits=3
)

FAULTS: dict[str, Fault] = {
    "bin_bad_checksum": Cell("school_bin", "wrong_check_digit(school_bin, key)"),
    "homoglyph": Cell("school_name", "homoglyphs(school_name)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("pupils", "'-' || pupils", "pupils <> '0'"),
    "amount_not_number": Cell("pupils", "choice(key, 'no number', ['н/д', '12-15', 'два'])"),
    **kato_faults(),
    "trailing_spaces": Cell("level", "level || ' '"),
    "wrong_period": Cell("period", "strftime(getvariable('last_month_day'), '%Y-%m')"),
    "test_row": Extra({"school_name": "'Тестовая школа'"}),
    "total_row": Extra({"level": "'ИТОГО'", "pupils": "(100 + roll(key, 'sum', 900))::varchar"}),
    "unknown_status": Cell("level", "choice(key, 'odd level', ['12', 'выпуск', '1а'])"),
}

REGISTRY = Registry("education", "school_bin", LABELS, FILE, order="key", faults=FAULTS)
