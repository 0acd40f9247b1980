"""The ambulance dispatch database of the invented oblast: a real table in PostgreSQL, filled by COPY."""

from __future__ import annotations

from pathlib import Path

from lab.synthetic.engine import Month
from lab.synthetic.registries.ambulance import COLUMNS, file_name

TABLE = """
create schema if not exists dispatch;
create table if not exists dispatch.calls (
    call_id bigint not null,
    received_at timestamp not null,
    category smallint,
    address text,
    patient_iin text,
    patient_age integer,
    patient_sex text,
    reason text,
    brigade text,
    dispatched_at timestamp,
    arrived_at timestamp,
    finished_at timestamp,
    outcome text,
    updated_at timestamp not null
);
create index if not exists calls_updated_at on dispatch.calls (updated_at);
create index if not exists calls_call_id on dispatch.calls (call_id);
"""


def load_dispatch(dsn: str, extracts: Path, period: str) -> int:
    """Put the calls of `period` into `dispatch.calls` of the database `dsn` and return their number.

    Makes schema and table where they are absent. Rows of the period are replaced in one transaction, other periods
    stay. There is no primary key: a dispatch system does repeat rows. Raises FileNotFoundError where the extract is
    absent.
    """
    import psycopg2

    month = Month(period)
    path = Path(extracts) / period / "ambulance" / file_name(period)
    first = int(f"{month.first:%Y%m}") * 10_000_000
    with path.open("rb") as file:
        connection = psycopg2.connect(dsn)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(TABLE)
                cursor.execute(
                    "delete from dispatch.calls where call_id >= %s and call_id < %s", (first, first + 10_000_000)
                )
                cursor.copy_expert(
                    f"copy dispatch.calls ({', '.join(COLUMNS)}) from stdin (format csv, header, null '')", file
                )
                return int(cursor.rowcount)
        finally:
            connection.close()
