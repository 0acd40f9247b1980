"""Digital family card: CSV made for a spreadsheet: byte order mark, `;` as delimiter, decimal comma."""

from lab.synthetic.files.delimited import CRLF, Delimited
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry, iin_faults, kato_faults

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
FILE = Delimited(";", CRLF, has_bom=True)

FAULTS: dict[str, Fault] = {
    **iin_faults("head_iin"),
    # Somebody typed the level on a Cyrillic keyboard.
    "homoglyph": Cell("level", "translate(level, 'ABCE', 'АВСЕ')", "level <> 'D'"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("income", "'-' || income"),
    "amount_not_number": Cell("income", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!', '46 тыс.'])"),
    **kato_faults(),
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
    "column_count": BrokenLine(),
    "unknown_status": Cell("level", "choice(key, 'odd level', ['F', '1', 'нет'])"),
}

REGISTRY = Registry("family_card", "family", LABELS, FILE, order="key", faults=FAULTS)
