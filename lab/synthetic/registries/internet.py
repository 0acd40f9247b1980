"""Internet coverage: the ministry's workbook of villages, operators and speeds."""

from lab.synthetic.files.workbook import Workbook
from lab.synthetic.registry import Cell, Extra, Fault, Registry, heading_row, kato_faults

LABELS = {
    "no": "№ п/п",
    "district": "Район",
    "okrug": "Сельский округ",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "operator": "Оператор",
    "technology": "Технология",
    "download": "Скорость приема, Мбит/с",
    "upload": "Скорость передачи, Мбит/с",
    "measured": "Дата замера",
    "quarter": "Квартал",
}
FILE = Workbook(
    ("Населенные пункты",),
    above=(
        "Приложение 3",
        "Обеспечение сельских населенных пунктов области доступом к сети Интернет",
        "{month.quarter} квартал {month.first.year} года",
        "",
    ),
    dates=frozenset({"measured"}),
    numbers=frozenset({"no", "download", "upload"}),
)

FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("settlement", "translate(settlement, 'Аае', 'Aae')"),
    "lost_letters": Cell("settlement", "lost_letters(settlement)"),
    "exact_duplicate": Extra(),
    "amount_not_number": Cell("download", "choice(key, 'no speed', ['н/д', 'до 100', '-', '#ДЕЛ/0!'])"),
    "amount_negative": Cell("download", "'-' || download", "download <> '0'"),
    **kato_faults(),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("measured", "dmy(a_future_day(key))"),
    "wrong_period": Cell("quarter", "quarter_name(getvariable('m') // 3 - 1)"),
    "total_row": Extra(
        {
            "no": "'ИТОГО'",
            "kato": "''",
            "settlement": "''",
            "operator": "''",
            "technology": "''",
            "download": "(20 + roll(key, 'sum', 900))::varchar",
            "upload": "''",
            "measured": "''",
        }
    ),
    "header_in_middle": heading_row(LABELS),
    "merged_cells": Cell("okrug", "''", "h_same_okrug"),
    "unknown_status": Cell("technology", "choice(key, 'technology', ['ШПД', 'есть', '10'])"),
}

REGISTRY = Registry("internet", "kato", LABELS, FILE, order="key", faults=FAULTS)
