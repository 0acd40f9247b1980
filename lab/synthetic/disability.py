"""Disability: pages of JSON of the central data base of persons with disabilities, in words of both languages."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.pages import write_pages
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

PAGE_ROWS = 5_000

LABELS = {
    "case_number": "caseNumber",
    "iin": "iin",
    "surname": "lastName",
    "name": "firstName",
    "patronymic": "middleName",
    "birth_date": "birthDate",
    "grade": "group",
    "cause": "cause",
    "established": "establishedAt",
    "expires": "validUntil",
    "kato_code": "katoCode",
    "settlement": "settlement",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the pages."""

    def name(page: int) -> str:
        return f"disability_{month.period}_{page:03d}.json"

    return write_pages(con, folder, month, "disability_row", LABELS, PAGE_ROWS, {"patronymic"}, name=name)


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    number = f"n // {PAGE_ROWS} + 1"
    return f"'disability_{month.period}_' || pad({number}, 3) || '.json'", f"n % {PAGE_ROWS} + 1"


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("iin", "wrong_check_digit(iin, key)", "length(iin) = 12"),
    "iin_missing": Cell("iin", "''", "length(iin) = 12"),
    "iin_short": Cell("iin", "ltrim(iin, '0')", "length(iin) = 12 and iin[1] = '0'"),
    "birth_date_disagrees": Cell("birth_date", "days_before(birth_date::date, key)::varchar"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'н/д'])"
    ),
    "homoglyph": Cell("surname", "homoglyphs(surname)"),
    "lost_letters": Cell("surname", "lost_letters(surname)"),
    "russian_spelling": Cell("settlement", "russified(settlement)"),
    "exact_duplicate": Extra(),
    "dead_still_listed": Extra(
        {
            "iin": "h_dead_iin",
            "surname": "h_dead_surname",
            "name": "h_dead_name",
            "birth_date": "h_dead_birth_date",
            "case_number": "case_number || '/2'",
        },
        "h_dead_iin is not null",
    ),
    "code_as_float": Cell("kato_code", "kato_code || '.0'"),
    "unknown_kato": Cell("kato_code", "left(kato_code, 4) || '99999'"),
    "test_row": Extra({"iin": "'111111111111'", "surname": "'Тестов'", "name": "'Тест'"}),
    "trailing_spaces": Cell("grade", "grade || '  '"),
    "future_date": Cell("established", "a_future_day(key)::varchar"),
    "unknown_status": Cell("grade", "choice(key, 'odd group', ['IV группа', '0', 'не установлена'])"),
}

REGISTRY = Registry("disability", "iin", LABELS, write, _where, faults=FAULTS)
