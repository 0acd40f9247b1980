"""The ambulance dispatch database: a table in PostgreSQL, filled by COPY from the extract."""

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
    """Load the calls of `period` into `dispatch.calls` of the database `dsn`; returns their number.

    Creates schema and table if necessary. Replaces the rows of the period in one transaction and leaves other periods
    alone. There is no primary key, since dispatch systems do repeat rows. Raises FileNotFoundError without an extract.
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
