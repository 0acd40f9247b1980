"""Pets: CSV with a byte order mark; addresses are quoted, since they contain the delimiter."""

from lab.synthetic.files.delimited import CRLF, Delimited
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry, iin_faults, kato_faults

LABELS = {
    "chip": "Номер чипа",
    "species": "Вид животного",
    "breed": "Порода",
    "pet_name": "Кличка",
    "sex": "Пол",
    "birth_date": "Дата рождения",
    "owner": "ИИН владельца",
    "phone": "Телефон",
    "address": "Адрес",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "registered": "Дата регистрации",
    "vaccinated": "Дата вакцинации",
    "sterilised": "Стерилизация",
    "status": "Статус",
    "status_on": "Дата статуса",
    "report_date": "Дата выгрузки",
}
# the date of the report never needs quotes
FILE = Delimited(
    ",", CRLF, has_bom=True, fields={column: f"csv_field({column})" for column in LABELS if column != "report_date"}
)

FAULTS: dict[str, Fault] = {
    **iin_faults("owner", when=None),
    "iin_two_swapped": Cell(
        "owner", "two_swapped(owner, key)", "check_digit(two_swapped(owner, key)) <> digit(owner, 12)"
    ),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.2021', 'щенок', '2022'])"
    ),
    "homoglyph": Cell("settlement", "translate(settlement, 'Аае', 'Aae')"),
    "lost_letters": Cell("settlement", "lost_letters(settlement)"),
    "exact_duplicate": Extra(),
    **kato_faults(),
    # A spreadsheet keeps fifteen digits and shows twelve of them.
    "code_in_exponent": Cell("chip", "left(chip, 1) || ',' || substr(chip, 2, 5) || 'E+14'"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("vaccinated", "dmy(a_future_day(key))", "vaccinated <> ''"),
    "wrong_period": Cell("report_date", "strftime(getvariable('last_month_day'), '%d.%m.%Y')"),
    "test_row": Extra({"chip": "'398000000000000'", "pet_name": "'Тест'", "breed": "'тест'"}),
    "unknown_status": Cell("status", "choice(key, 'status', ['передан', '?', '3'])"),
    "column_count": BrokenLine(),
}

REGISTRY = Registry("pets", "chip", LABELS, FILE, faults=FAULTS)
