"""Resident survey: CSV of a polling firm; the headings are its questions, with commas and quotation marks."""

from lab.synthetic.files.delimited import Delimited
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry

LABELS = {
    "respondent": "Номер анкеты",
    "wave": "Волна",
    "okrug": "Район, округ",
    "age_group": "Возраст",
    "sex": "Пол",
    "trust": "1. Доверяете ли Вы акиму округа? (1 – нет, 5 – полностью)",
    "roads": "2. Довольны ли Вы дорогами? (1–5)",
    "water": "3. Довольны ли Вы питьевой водой? (1–5)",
    "medicine": "4. Доступна ли медицинская помощь, когда она нужна? (1–5)",
    "heard": '5. Слышит ли Вас «аппарат»: отвечают ли на обращения "по существу"? (1–5)',
    "weight": "Вес",
}
FILE = Delimited(",", fields={"okrug": "'\"' || okrug || '\"'"}, has_quoted_headings=True)

FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("okrug", "homoglyphs(okrug)"),
    "exact_duplicate": Extra(),
    "out_of_scale": Cell("trust", "choice(key, 'off', ['0', '6', '7', '55'])"),
    "amount_negative": Cell("weight", "'-' || weight"),
    "amount_not_number": Cell("weight", "choice(key, 'no number', ['-', 'н/д', '#ДЕЛ/0!'])"),
    "trailing_spaces": Cell("okrug", "okrug || '  '"),
    "wrong_period": Cell("wave", "(getvariable('m') // 3 - 1) // 4 || '-' || ((getvariable('m') // 3 - 1) % 4 + 1)"),
    "test_row": Extra({"respondent": "'ТЕСТ-' || key", "okrug": "'Тест'"}),
    "total_row": Extra({"respondent": "'ИТОГО'", "age_group": "''", "sex": "''", "weight": "'100.00'"}),
    "column_count": BrokenLine(),
    "unknown_status": Cell("sex", "choice(key, 'odd sex', ['3', '?', 'н/о'])"),
}

REGISTRY = Registry("survey", "respondent", LABELS, FILE, faults=FAULTS)
