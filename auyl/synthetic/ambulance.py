"""Ambulance calls: the rows of the dispatch database as CSV; `auyl.synthetic.dispatch` loads them into a real one."""

from __future__ import annotations

from pathlib import Path

import duckdb

from auyl.synthetic.engine import Month
from auyl.synthetic.registry import Registry
from auyl.synthetic.writing import Written, write_file

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


REGISTRY = Registry("ambulance", "call_id", {column: column for column in COLUMNS}, write, _where, order="key")
