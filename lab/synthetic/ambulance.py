"""Ambulance calls: the rows of the dispatch database as CSV, which `lab.simulated_sources.dispatch` loads."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written, write_file

COLUMNS = (
    "call_id",
    "received_at",
    "category",
    "address",
    "patient_iin",
    "patient_age",
    "patient_sex",
    "reason",
    "brigade",
    "dispatched_at",
    "arrived_at",
    "finished_at",
    "outcome",
    "updated_at",
)
_QUOTED = {"address", "reason"}


def file_name(period: str) -> str:
    """Name of the file of a period."""
    return f"ambulance_{period}.csv"


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the one file; an empty field is null."""
    fields = ", ".join(f"'\"' || {column} || '\"'" if column in _QUOTED else column for column in COLUMNS)
    query = f"select concat_ws(',', {fields}) || chr(10) as line from ambulance_row"
    return [write_file(con, query, folder / file_name(month.period), ",".join(COLUMNS) + "\n")]


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'{file_name(month.period)}'", "n + 1"


# A call without a right ИИН or end is still a call: it is counted, with a warning.
FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell(
        "patient_iin", "wrong_check_digit(patient_iin, key)", "length(patient_iin) = 12", outcome="warned"
    ),
    "iin_missing": Cell("patient_iin", "''", "length(patient_iin) = 12", outcome="kept"),
    "iin_short": Cell(
        "patient_iin",
        "ltrim(patient_iin, '0')",
        "length(patient_iin) = 12 and patient_iin[1] = '0'",
        outcome="warned",
    ),
    "homoglyph": Cell("address", "homoglyphs(address)"),
    "lost_letters": Cell("address", "lost_letters(address)"),
    "exact_duplicate": Extra(),
    "test_row": Extra(
        {
            "call_id": "(call_id::bigint + 9000000)::varchar",
            "address": "'1 Для Теста'",
            "patient_iin": "''",
            "reason": "'ТЕСТ'",
        }
    ),
    "trailing_spaces": Cell("address", "address || ' '"),
    "future_date": Cell(
        "finished_at",
        "(finished_at::timestamp + interval 1 year)::varchar",
        "finished_at <> ''",
        outcome="warned",
    ),
    "arrival_before_call": Cell(
        "arrived_at", "(received_at::timestamp - to_minutes(5 + roll(key, 'before', 55)))::varchar", "arrived_at <> ''"
    ),
    "arrival_missing": Cell("arrived_at", "''", "arrived_at <> ''"),
    "wrong_period": Cell("received_at", "(received_at::timestamp - to_days(day(getvariable('as_of'))))::varchar"),
    "unknown_status": Cell("category", "'9'"),
}

REGISTRY = Registry(
    "ambulance",
    "call_id",
    {column: column for column in COLUMNS},
    write,
    _where,
    order="key",
    faults=FAULTS,
    place_truth="call_id, h_settlement_kato as settlement_kato, h_okrug_kato as okrug_kato, "
    "h_district_kato as district_kato, h_form as form, h_dirt as dirt, h_is_repeated as is_repeated, "
    "h_told_by as told_by",
)
