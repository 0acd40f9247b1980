"""Social assistance: CSV of the labour ministry's system, cp1251, with Kazakh letters in the slots of old fonts."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.delimited import CRLF, cp1251, write_delimited
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Line, Registry
from lab.synthetic.writing import Written

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


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file."""
    path = folder / f"social_assistance_{month.period}.csv"
    return [
        write_delimited(con, "social_assistance_row", [*LABELS.values()], [*LABELS], path, ";", CRLF, encode=cp1251)
    ]


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'social_assistance_{month.period}.csv'", "n + 1"


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("iin", "wrong_check_digit(iin, key)", "length(iin) = 12"),
    "iin_missing": Cell("iin", "''", "length(iin) = 12"),
    "iin_short": Cell("iin", "ltrim(iin, '0')", "length(iin) = 12 and iin[1] = '0'"),
    "birth_date_disagrees": Cell("birth_date", "dmy(days_before(h_birth_date, key))"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.1985', '05.13.2001', 'н/д'])"
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
    "column_count": Line(),
    "unknown_status": Cell("kind", "'ПРОЧЕЕ'"),
}

REGISTRY = Registry("social_assistance", "iin", LABELS, write, _where, order="no::bigint", faults=FAULTS)
