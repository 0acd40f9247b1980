"""Digital family card: CSV for a spreadsheet, a byte order mark in front, `;` between, a comma in numbers."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.delimited import CRLF, write_delimited
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Line, Registry
from lab.synthetic.writing import Written

LABELS = {
    "family": "Отбасы нөмірі / Номер семьи",
    "head_iin": "ЖСН / ИИН главы",
    "members": "Мүшелер / Членов семьи",
    "children": "Балалар / Детей",
    "level": "Деңгей / Уровень",
    "income": "Табыс / Доход на человека, тенге",
    "kato": "КАТО",
    "assessed": "Бағаланған күні / Дата оценки",
    "period": "Кезең / Период",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file."""
    path = folder / f"family_card_{month.period}.csv"
    return [write_delimited(con, "family_card_row", [*LABELS.values()], [*LABELS], path, ";", CRLF, mark=True)]


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'family_card_{month.period}.csv'", "n + 1"


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("head_iin", "wrong_check_digit(head_iin, key)", "length(head_iin) = 12"),
    "iin_missing": Cell("head_iin", "''", "length(head_iin) = 12"),
    "iin_short": Cell("head_iin", "ltrim(head_iin, '0')", "length(head_iin) = 12 and head_iin[1] = '0'"),
    # Somebody typed the level on a Cyrillic keyboard.
    "homoglyph": Cell("level", "translate(level, 'ABCE', 'АВСЕ')", "level <> 'D'"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("income", "'-' || income"),
    "amount_not_number": Cell("income", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!', '46 тыс.'])"),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("level", "level || ' '"),
    "wrong_period": Cell("period", "strftime(getvariable('last_month_day'), '%m.%Y')"),
    "total_row": Extra(
        {
            "family": "'ИТОГО'",
            "head_iin": "''",
            "members": "(100 + roll(key, 'sum', 9000))::varchar",
            "level": "''",
            "income": "''",
            "assessed": "''",
        }
    ),
    "column_count": Line(),
    "unknown_status": Cell("level", "choice(key, 'odd level', ['F', '1', 'нет'])"),
}

REGISTRY = Registry("family_card", "family", LABELS, write, _where, order="key", faults=FAULTS)
