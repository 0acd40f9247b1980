"""Business register: the monthly workbook of the statistics office, legal entities and sole traders on two sheets."""

from lab.synthetic.files.workbook import Workbook
from lab.synthetic.registry import Cell, Extra, Fault, Registry, heading_row, iin_faults, kato_faults

LABELS = {
    "number": "БИН/ИИН",
    "name": "Наименование",
    "registered": "Дата регистрации",
    "oked": "Основной код ОКЭД",
    "activity": "Основной вид деятельности",
    "size": "Код КРП",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "head": "Руководитель",
    "status": "Статус",
    "closed": "Дата ликвидации",
}
FILE = Workbook(
    ("Юридические лица", "ИП"),
    above=("Субъекты статистического бизнес-регистра на {month.as_of:%d.%m.%Y}", "Алматинская область", ""),
    dates=frozenset({"registered", "closed"}),
    numbers=frozenset({"size"}),
)

FAULTS: dict[str, Fault] = {
    **iin_faults("number", when=None),
    "homoglyph": Cell(
        "settlement", "homoglyphs(settlement)", "regexp_matches(homoglyphs(settlement), '^[^ ]*[А-Яа-яІі][^ ]*$')"
    ),
    "lost_letters": Cell("name", "lost_letters(name)"),
    "exact_duplicate": Extra(),
    **kato_faults(),
    "test_row": Extra({"number": "'123456789012'", "name": "'ТОО «Тест» ' || key::varchar"}),
    "trailing_spaces": Cell("name", "name || '  '"),
    "future_date": Cell("registered", "dmy(a_future_day(key))"),
    "unknown_status": Cell("size", "'999'"),
    "header_in_middle": heading_row(
        LABELS,
        "u(key, 'add header_in_middle business_register') = ("
        "select min(u(key, 'add header_in_middle business_register')) from business_register_clean)",
    ),
}

REGISTRY = Registry("business_register", "number", LABELS, FILE, has_parts=True, faults=FAULTS, states_period=False)
