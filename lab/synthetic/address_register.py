"""Address register: large pages of a REST answer."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic import pages
from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written

PAGE_SIZE = 10_000

LABELS = {
    "rca": "rca",
    "ats_id": "atsId",
    "kato": "cato",
    "street_type": "geonimType",
    "street": "geonim",
    "building": "building",
    "flat": "flat",
    "status": "statusCode",
    "created": "createdAt",
    "updated": "updatedAt",
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the pages."""
    return pages.write_pages(con, folder, month, "address_register_row", LABELS, PAGE_SIZE, {"flat"})


def _where(_: duckdb.DuckDBPyConnection, __: Month) -> tuple[str, str]:
    return pages.where(PAGE_SIZE)


FAULTS: dict[str, Fault] = {
    "code_short": Cell("rca", "ltrim(rca, '0')", "rca[1] = '0'"),
    # Street and building stay in the vault, so no stage shows them corrected.
    "homoglyph": Cell("building", "translate(building, 'А', 'A')", outcome="kept"),
    "lost_letters": Cell("street", "lost_letters(street)"),
    "legacy_letters": Cell("street", "legacy_letters(street)", outcome="kept"),
    "exact_duplicate": Extra(),
    "conflicting_duplicate": Extra({"updated": "(updated::date - 200)::varchar", "building": "building || '/9'"}),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'"),
    "trailing_spaces": Cell("kato", "kato || ' '"),
    "future_date": Cell("updated", "a_future_day(key)::varchar"),
    "unknown_status": Cell("status", "choice(key, 'status', ['0', '9', 'ACTIVE'])"),
    "test_row": Extra({"rca": "'0000000000000000'", "street": "'Тест'", "building": "'1'"}),
}

REGISTRY = Registry("address_register", "rca", LABELS, write, _where, faults=FAULTS)
