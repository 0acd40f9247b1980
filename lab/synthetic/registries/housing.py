"""Housing and roads: a table of settlements that a spreadsheet saved as «Unicode text»: UTF-16 with tabs."""

from lab.synthetic.files.delimited import CRLF, Delimited, utf16
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry, kato_faults

LABELS = {
    "kato": "КАТО",
    "district": "Район",
    "okrug": "Сельский округ",
    "settlement": "Населенный пункт",
    "houses_planned": "Домов по плану",
    "houses_built": "Домов построено",
    "houses_handed": "Домов передано",
    "families": "Семей переехало",
    "persons": "Человек переехало",
    "employed": "Из них трудоустроено",
    "roads": "Дороги, км",
    "roads_good": "в хорошем состоянии, км",
    "roads_fair": "в удовлетворительном состоянии, км",
    "roads_bad": "в неудовлетворительном состоянии, км",
    "water": "Водоснабжение",
    "school": "Школа",
    "clinic": "Медицинская организация",
    "kindergarten": "Детский сад",
    "gas": "Газ",
    "month": "Отчетный месяц",
}
FILE = Delimited("\t", CRLF, has_bom=True, extension="txt", encode=utf16)

FAULTS: dict[str, Fault] = {
    "exact_duplicate": Extra(),
    "homoglyph": Cell(
        "settlement", "homoglyphs(settlement)", "regexp_matches(homoglyphs(settlement), '^[^ ]*[А-Яа-яІі][^ ]*$')"
    ),
    "legacy_letters": Cell("settlement", "legacy_letters(settlement)"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    **kato_faults(),
    "amount_negative": Cell("roads", "'-' || roads"),
    "amount_not_number": Cell("houses_built", "choice(key, 'no number', ['н/д', '#ЗНАЧ!', 'идёт', '2-3'])"),
    "unknown_status": Cell("water", "'будет в следующем году'"),
    "wrong_period": Cell("month", "strftime(getvariable('last_month_day'), '%m.%Y')"),
    "total_row": Extra(
        {"settlement": "'ИТОГО'", "kato": "''", "houses_planned": "(100 + roll(key, 'sum', 900))::varchar"}
    ),
    "column_count": BrokenLine(),
    "done_on_paper": Cell("houses_handed", "(houses_built::bigint + 1 + roll(key, 'paper', 9))::varchar"),
}

REGISTRY = Registry("housing", "kato", LABELS, FILE, order="key", faults=FAULTS)
