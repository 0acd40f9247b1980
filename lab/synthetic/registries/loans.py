"""«Ауыл аманаты»: the workbook of the oblast's development corporation, district by district, heading in mid-page."""

from lab.synthetic.files.workbook import Workbook
from lab.synthetic.registry import Cell, Extra, Fault, Registry, heading_row, iin_faults, kato_faults

LABELS = {
    "number": "№ заявки",
    "district": "Район",
    "okrug": "Сельский округ",
    "kato": "КАТО",
    "applicant": "ИИН/БИН заявителя",
    "name": "Заявитель",
    "applied": "Дата заявки",
    "purpose": "Направление",
    "asked": "Запрошено, тенге",
    "decision": "Решение",
    "decided": "Дата решения",
    "refusal": "Причина отказа",
    "lent": "Сумма займа, тенге",
    "months": "Срок, мес.",
    "jobs": "Рабочих мест",
}
FILE = Workbook(
    ("Заявки",),
    above=(
        "АО «Социально-предпринимательская корпорация»",
        "",
        "Реестр заявок и микрокредитов по программе «Ауыл аманаты»",
        "по состоянию на {month.as_of:%d.%m.%Y}",
        "",
        "Исполнитель: отдел микрокредитования",
    ),
    dates=frozenset({"applied", "decided"}),
    numbers=frozenset({"asked", "lent", "months", "jobs"}),
)

_EMPTY = dict.fromkeys(("kato", "applicant", "name", "applied", "purpose", "decision", "decided", "refusal"), "''")
FAULTS: dict[str, Fault] = {
    **iin_faults("applicant", when=None),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("lent", "'-' || lent", "lent <> ''"),
    "amount_not_number": Cell("asked", "choice(key, 'no sum', ['н/д', '5 млн', '#ЗНАЧ!', 'уточняется'])"),
    **kato_faults(),
    "trailing_spaces": Cell("okrug", "okrug || '  '"),
    "merged_cells": Cell("district", "''", "h_nth_in_district > 1"),
    "future_date": Cell("applied", "dmy(a_future_day(key))"),
    "unknown_status": Cell("decision", "'см. примечание'"),
    "test_row": Extra({"number": "number || '/т'", "name": "'Тест ' || key::varchar", "applicant": "''"}),
    "total_row": Extra(
        _EMPTY
        | {
            "number": "'Итого по району'",
            "okrug": "''",
            "asked": "(1000000 + roll(key, 'sum', 90000000))::varchar",
            "lent": "(1000000 + roll(key, 'lent sum', 90000000))::varchar",
            "months": "''",
        }
    ),
    "header_in_middle": heading_row(
        LABELS,
        "u(key, 'add header_in_middle loans') = (select min(u(key, 'add header_in_middle loans')) from loans_clean)",
    ),
}

REGISTRY = Registry("loans", "number", LABELS, FILE, order="h_place_in_file", faults=FAULTS, states_period=False)
