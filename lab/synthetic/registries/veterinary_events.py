"""Veterinary events: the department's workbook, a sheet per journal, rows of a district together."""

from lab.synthetic.files.workbook import Workbook
from lab.synthetic.registry import Cell, Extra, Fault, Registry, heading_row, kato_faults

LABELS = {
    "no": "№",
    "kind": "Вид мероприятия",
    "requested": "Дата заявки",
    "done": "Дата исполнения",
    "animal": "ИНЖ / чип",
    "animal_kind": "Вид животного",
    "disease": "Болезнь",
    "heads": "Голов",
    "result": "Результат",
    "request_no": "Заявка №",
    "person": "ИИН заявителя, пострадавшего",
    "district": "Район",
    "okrug": "Сельский округ",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "brigade": "Бригада",
    "report_date": "Дата отчета",
}
FILE = Workbook(
    ("Вакцинация", "Исследования", "Очаги", "Отлов", "Укусы"),
    above=("Управление ветеринарии", "Журналы ветеринарных мероприятий за {month.as_of:%m.%Y}", ""),
    dates=frozenset({"requested", "done", "report_date"}),
    numbers=frozenset({"heads"}),
)

FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("person", "wrong_check_digit(person, key)", "person <> ''"),
    "homoglyph": Cell("animal", "translate(animal, 'KB', 'КВ')", "starts_with(animal, 'KZ')"),
    "exact_duplicate": Extra(),
    "amount_not_number": Cell("heads", "choice(key, 'no heads', ['н/д', 'много', '#ЗНАЧ!'])"),
    "amount_negative": Cell("heads", "'-' || heads"),
    **kato_faults(),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("done", "dmy(a_future_day(key))", "done <> ''"),
    "arrival_before_call": Cell(
        "done",
        "dmy(days_before(strptime(requested, '%d.%m.%Y')::date, key))",
        "done <> '' and requested <> ''",
    ),
    "wrong_period": Cell("report_date", "strftime(getvariable('last_month_day'), '%d.%m.%Y')"),
    "total_row": Extra(
        {
            "no": "'ИТОГО'",
            "kind": "''",
            "requested": "''",
            "done": "''",
            "animal": "''",
            "heads": "(20 + roll(key, 'sum', 900))::varchar",
            "person": "''",
        }
    ),
    "header_in_middle": heading_row(LABELS),
    "merged_cells": Cell("district", "''", "h_same_district"),
    "unknown_status": Cell("result", "choice(key, 'result', ['см. журнал', 'сомнительный', '1'])"),
}

REGISTRY = Registry(
    "veterinary_events", "no", LABELS, FILE, order="(h_place * 1000000000000000 + key)", has_parts=True, faults=FAULTS
)
