"""Land: CSV of the cadastre in cp1251, Kazakh letters in the slots of old fonts, decimal comma."""

from lab.synthetic.files.delimited import CRLF, Delimited, cp1251
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry, kato_faults

LABELS = {
    "number": "КАДАСТРОВЫЙ НОМЕР",
    "rca": "РКА",
    "kato": "КАТО",
    "settlement": "НАСЕЛЕННЫЙ ПУНКТ",
    "area": "ПЛОЩАДЬ, ГА",
    "purpose": "ЦЕЛЕВОЕ НАЗНАЧЕНИЕ",
    "pasture": "ПАСТБИЩЕ",
    "title": "ВИД ПРАВА",
    "owner": "ПРАВООБЛАДАТЕЛЬ ИИН/БИН",
    "registered": "ДАТА РЕГИСТРАЦИИ",
    "returned": "ВОЗВРАЩЕНО (ЖЕР АМАНАТЫ)",
    "as_of": "НА ДАТУ",
}
FILE = Delimited(";", CRLF, encode=cp1251)

FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("owner", "wrong_check_digit(owner, key)", "length(owner) = 12"),
    "iin_missing": Cell("owner", "''", "title <> 'государственная собственность'"),
    "iin_short": Cell("owner", "ltrim(owner, '0')", "length(owner) = 12 and owner[1] = '0'"),
    "homoglyph": Cell(
        "settlement",
        "'с. ' || homoglyphs(settlement[4:])",
        "settlement like 'с. %' and regexp_matches(homoglyphs(settlement[4:]), '[А-Яа-я]')",
    ),
    "lost_letters": Cell("settlement", "lost_letters(settlement)"),
    "exact_duplicate": Extra(),
    "rca_missing": Cell("rca", "''"),
    "rca_unknown": Cell("rca", "'9' || substr(rca, 2)", "rca <> ''"),
    "amount_negative": Cell("area", "'-' || area"),
    "amount_not_number": Cell("area", "choice(key, 'no area', ['-', 'н/д', '#ЗНАЧ!', '12 соток', '1,5 га'])"),
    **kato_faults(),
    "code_short": Cell("number", "ltrim(number, '0')"),
    "test_row": Extra({"number": "'00-000-000-000'", "settlement": "'Тест ' || key::varchar"}),
    "trailing_spaces": Cell("purpose", "purpose || '  '"),
    "future_date": Cell("registered", "dmy(a_future_day(key))"),
    "wrong_period": Cell("as_of", "dmy(getvariable('last_month_day'))"),
    "column_count": BrokenLine(),
    "unknown_status": Cell("title", "'иное'"),
    "holder_dead": Cell("owner", "h_dead_iin", "h_dead_iin <> ''"),
}

REGISTRY = Registry("land", "number", LABELS, FILE, faults=FAULTS)
