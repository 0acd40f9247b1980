"""Pets: CSV with a byte order mark, addresses in quotes since they hold the delimiter."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.delimited import CRLF, write_delimited
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Line, Registry
from lab.synthetic.writing import Written

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


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file."""
    fields = [*(f"csv_field({column})" for column in [*LABELS][:-1]), [*LABELS][-1]]
    path = folder / f"pets_{month.period}.csv"
    return [write_delimited(con, "pets_row", [*LABELS.values()], fields, path, ",", CRLF, mark=True)]


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'pets_{month.period}.csv'", "n + 1"


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("owner", "wrong_check_digit(owner, key)"),
    "iin_missing": Cell("owner", "''"),
    "iin_short": Cell("owner", "ltrim(owner, '0')", "owner[1] = '0'"),
    "iin_two_swapped": Cell(
        "owner", "two_swapped(owner, key)", "check_digit(two_swapped(owner, key)) <> digit(owner, 12)"
    ),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.2021', 'щенок', '2022'])"
    ),
    "homoglyph": Cell("settlement", "translate(settlement, 'Аае', 'Aae')"),
    "lost_letters": Cell("settlement", "lost_letters(settlement)"),
    "exact_duplicate": Extra(),
    "code_as_float": Cell("kato", "kato || '.0'"),
    # A spreadsheet keeps fifteen digits and shows twelve of them.
    "code_in_exponent": Cell("chip", "left(chip, 1) || ',' || substr(chip, 2, 5) || 'E+14'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("vaccinated", "dmy(a_future_day(key))", "vaccinated <> ''"),
    "wrong_period": Cell("report_date", "strftime(getvariable('last_month_day'), '%d.%m.%Y')"),
    "test_row": Extra({"chip": "'398000000000000'", "pet_name": "'Тест'", "breed": "'тест'"}),
    "unknown_status": Cell("status", "choice(key, 'status', ['передан', '?', '3'])"),
    "column_count": Line(),
}

REGISTRY = Registry("pets", "chip", LABELS, write, _where, faults=FAULTS)
