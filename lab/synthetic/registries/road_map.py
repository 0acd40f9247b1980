"""Road map of the oblast and development plans of villages: a quarterly workbook of two sheets."""

from lab.synthetic.files.workbook import Workbook
from lab.synthetic.registry import Cell, Extra, Fault, Registry, kato_faults

LABELS = {
    "plan": "Документ",
    "item": "№ пункта",
    "kato": "КАТО",
    "district": "Район",
    "okrug": "Сельский округ",
    "settlement": "Населенный пункт",
    "measure": "Мероприятие",
    "body": "Ответственный",
    "deadline": "Срок исполнения",
    "status": "Статус",
    "done": "Дата исполнения",
    "planned": "План, тыс. тенге",
    "spent": "Освоено, тыс. тенге",
    "as_of": "На дату",
}
FILE = Workbook(
    ("Дорожная карта", "Планы развития сел"),
    above=("Информация об исполнении", "по состоянию на {month.as_of:%d.%m.%Y}", ""),
    dates=frozenset({"deadline", "done", "as_of"}),
    numbers=frozenset({"planned", "spent"}),
)

FAULTS: dict[str, Fault] = {
    "exact_duplicate": Extra(),
    **kato_faults(when="kato <> ''"),
    "amount_negative": Cell("planned", "'-' || planned"),
    "amount_not_number": Cell("spent", "choice(key, 'no sum', ['н/д', 'в пределах средств', '#ЗНАЧ!'])"),
    "trailing_spaces": Cell("measure", "measure || '  '"),
    "unknown_status": Cell("status", "'см. приложение'"),
    "wrong_period": Cell("as_of", "dmy(getvariable('last_month_day'))"),
    "total_row": Extra(
        dict.fromkeys(
            ("kato", "district", "okrug", "settlement", "measure", "body", "deadline", "status", "done"), "''"
        )
        | {"item": "'ВСЕГО'", "planned": "(1000 + roll(key, 'sum', 9000000))::varchar"}
    ),
    "done_on_paper": Cell("spent", "'0'", "status in ('исполнено', 'орындалды')"),
}

REGISTRY = Registry("road_map", "item", LABELS, FILE, order="key", has_parts=True, faults=FAULTS)
