"""Social assistance: CSV of the labour ministry's system in cp1251, Kazakh letters in the slots of old fonts."""

from lab.synthetic.files.delimited import CRLF, Delimited, cp1251
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry, iin_faults

LABELS = {
    "no": "№",
    "iin": "ИИН",
    "surname": "ФАМИЛИЯ",
    "name": "ИМЯ",
    "patronymic": "ОТЧЕСТВО",
    "birth_date": "ДАТА РОЖДЕНИЯ",
    "kind": "ВИД ПОМОЩИ",
    "amount": "СУММА, ТЕНГЕ",
    "period": "ПЕРИОД",
    "assigned": "ДАТА НАЗНАЧЕНИЯ",
    "account": "ЛИЦЕВОЙ СЧЕТ СЕМЬИ",
    "members": "ЧЛЕНОВ СЕМЬИ",
    "district": "РАЙОН",
    "okrug": "СЕЛЬСКИЙ ОКРУГ",
    "settlement": "НАСЕЛЕННЫЙ ПУНКТ",
}
FILE = Delimited(";", CRLF, encode=cp1251)

FAULTS: dict[str, Fault] = {
    **iin_faults("iin"),
    "birth_date_disagrees": Cell("birth_date", "dmy(days_before(h_birth_date, key))"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.1985', '05.13.2001', 'неизвестно'])"
    ),
    "homoglyph": Cell("surname", "homoglyphs(surname)", outcome="warned"),
    "lost_letters": Cell("surname", "lost_letters(surname)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("amount", "'-' || amount"),
    "amount_not_number": Cell("amount", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!', '12 500 тг'])"),
    "test_row": Extra({"iin": "'123456789012'", "surname": "'Тестов'", "name": "'Тест'", "patronymic": "''"}),
    "trailing_spaces": Cell("surname", "surname || '  '"),
    "future_date": Cell("assigned", "dmy(a_future_day(key))", outcome="warned"),
    "wrong_period": Cell("period", "strftime(getvariable('last_month_day'), '%m.%Y')"),
    "total_row": Extra(
        {
            "no": "'ИТОГО'",
            "iin": "''",
            "surname": "''",
            "name": "''",
            "patronymic": "''",
            "birth_date": "''",
            "kind": "''",
            "assigned": "''",
            "account": "''",
            "members": "''",
            "amount": "'1 234 567,00'",
        }
    ),
    "column_count": BrokenLine(),
    "unknown_status": Cell("kind", "'ПРОЧЕЕ'"),
}

REGISTRY = Registry("social_assistance", "iin", LABELS, FILE, order="no::bigint", faults=FAULTS)
