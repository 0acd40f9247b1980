"""Employment: pages of the labour exchange's REST answer, saved as the server gives them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import pages
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

PAGE_SIZE = 1000

LABELS = {
    "id": "id",
    "iin": "iin",
    "surname": "lastName",
    "name": "firstName",
    "patronymic": "middleName",
    "birth_date": "birthDate",
    "registered_at": "registeredAt",
    "status": "status",
    "placed_at": "placedAt",
    "placement_kind": "placementKind",
    "kato_code": "katoCode",
    "settlement": "settlement",
    "education": "education",
    "profession": "profession",
}
_NULL_WHEN_EMPTY = {"placed_at", "placement_kind"}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the pages."""
    return pages.write_pages(con, folder, month, "employment_row", LABELS, PAGE_SIZE, _NULL_WHEN_EMPTY)


def _where(_: duckdb.DuckDBPyConnection, __: Month) -> tuple[str, str]:
    return pages.where(PAGE_SIZE)


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("iin", "wrong_check_digit(iin, key)", "length(iin) = 12"),
    "iin_missing": Cell("iin", "''", "length(iin) = 12"),
    "iin_short": Cell("iin", "ltrim(iin, '0')", "length(iin) = 12 and iin[1] = '0'"),
    "birth_date_disagrees": Cell("birth_date", "days_before(birth_date::date, key)::varchar"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'н/д'])"
    ),
    "homoglyph": Cell("surname", "homoglyphs(surname)", outcome="warned"),
    "lost_letters": Cell("surname", "lost_letters(surname)"),
    "exact_duplicate": Extra(),
    "code_as_float": Cell("kato_code", "kato_code || '.0'"),
    "unknown_kato": Cell("kato_code", "left(kato_code, 4) || '99999'"),
    "test_row": Extra({"iin": "'111111111111'", "surname": "'Тестов'", "name": "'Тест'"}),
    "trailing_spaces": Cell("surname", "surname || '  '"),
    "future_date": Cell("registered_at", "a_future_day(key)::varchar"),
    "unknown_status": Cell("status", "'PAUSED'"),
}

REGISTRY = Registry("employment", "id", LABELS, write, _where, faults=FAULTS)
