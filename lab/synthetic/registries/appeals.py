"""Appeals: the workbook of e-Otinish, open and answered appeals on two sheets."""

from lab.synthetic.files.workbook import Workbook
from lab.synthetic.registry import Cell, Extra, Fault, Registry, heading_row

LABELS = {
    "number": "Номер обращения",
    "received": "Дата регистрации",
    "kind": "Вид обращения",
    "category": "Категория",
    "district": "Район",
    "okrug": "Сельский округ",
    "authority": "Орган",
    "due": "Срок исполнения",
    "answered": "Дата ответа",
    "result": "Результат",
}
FILE = Workbook(
    ("На исполнении", "Исполненные"),
    above=("Отчет об обращениях физических лиц: {title}", "сформирован на {month.as_of:%d.%m.%Y} 23:59", ""),
    dates=frozenset({"received", "due", "answered"}),
)

FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("okrug", "homoglyphs(okrug)"),
    "exact_duplicate": Extra(),
    "date_unparsable": Cell("received", "choice(key, 'no date', ['00.00.0000', '31.02.2026', '05.13.2026', 'б/д'])"),
    "answered_before_received": Cell(
        "answered", "dmy(h_received - 3 - roll(key, 'too early', 40)::integer)", "part = 2"
    ),
    "future_date": Cell("received", "dmy(a_future_day(key))"),
    "trailing_spaces": Cell("okrug", "okrug || '  '"),
    "header_in_middle": heading_row(LABELS),
    "test_row": Extra({"number": "number || '-1'", "category": "'Для теста'"}),
    "total_row": Extra({"number": "'ИТОГО'", "category": "''", "received": "''", "due": "''", "answered": "''"}),
    "unknown_status": Cell("result", "choice(key, 'odd result', ['в архиве', '3', 'нет'])", "result <> ''"),
    "unknown_category": Cell("category", "choice(key, 'odd category', ['Разное (см. прим.)', 'А-17', 'не указано'])"),
}

REGISTRY = Registry("appeals", "number", LABELS, FILE, order="key", has_parts=True, faults=FAULTS, states_period=False)
