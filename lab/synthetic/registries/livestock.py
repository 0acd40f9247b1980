"""Livestock: a workbook of the veterinary system with a sheet per species."""

from lab.synthetic.files.workbook import Workbook
from lab.synthetic.registry import Cell, Extra, Fault, Registry, iin_faults, kato_faults

LABELS = {
    "tag": "ИНЖ",
    "species": "Вид",
    "sex": "Пол",
    "birth_date": "Дата рождения",
    "owner": "Владелец ИИН/БИН",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "vaccinated": "Дата вакцинации",
    "tested": "Дата исследования на бруцеллез",
    "result": "Результат исследования",
    "report_date": "Дата отчета",
}
FILE = Workbook(
    ("КРС", "МРС", "Лошади", "Верблюды"),
    above=("Сведения о сельскохозяйственных животных по состоянию на {month.as_of:%d.%m.%Y}", ""),
    dates=frozenset({"birth_date", "vaccinated", "tested", "report_date"}),
)

FAULTS: dict[str, Fault] = {
    **iin_faults("owner", outcome="warned"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.2021', '05.13.2020', 'весна 2022'])"
    ),
    "homoglyph": Cell("settlement", "homoglyphs(settlement)"),
    "exact_duplicate": Extra(),
    **kato_faults(),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("vaccinated", "dmy(a_future_day(key))", outcome="warned"),
    "wrong_period": Cell("report_date", "strftime(getvariable('last_month_day'), '%d.%m.%Y')"),
    "total_row": Extra(
        {
            "tag": "'ИТОГО'",
            "sex": "''",
            "birth_date": "''",
            "owner": "''",
            "vaccinated": "''",
            "tested": "''",
            "result": "''",
            "species": "(10 + roll(key, 'sum', 900))::varchar",
        }
    ),
    "unknown_status": Cell("result", "'сомнительный'", "result <> ''", outcome="warned"),
}

REGISTRY = Registry("livestock", "tag", LABELS, FILE, has_parts=True, faults=FAULTS)
