"""Connections of the portal: one login, one pool; the principal is set for each transaction."""

import contextlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from psycopg2.extensions import connection
from psycopg2.extras import NamedTupleCursor

from auyl.store.postgres import pooled_engine

SQL = Path(__file__).with_name("sql")


class Database:
    """A pool of connections as auyl_portal."""

    def __init__(self, dsn: str) -> None:
        self._engine = pooled_engine(
            dsn,
            pool_size=8,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,  # the server may have been restarted since
            connect_args={
                "connect_timeout": 5,
                "application_name": "auyl portal",
                "options": "-c statement_timeout=8s -c idle_in_transaction_session_timeout=30s",
            },
        )

    @contextlib.contextmanager
    def connection(self) -> Iterator[connection]:
        """A connection; what is not committed is rolled back.

        Raises sqlalchemy.exc.TimeoutError when all are busy, psycopg2.OperationalError when there is no server.
        """
        raw = self._engine.raw_connection()
        try:
            driver: Any = raw.driver_connection
            yield driver
        finally:
            raw.close()

    def close(self) -> None:
        self._engine.dispose()


@cache
def _template(name: str) -> Template:
    return Template((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def rows(conn: connection, query: str, parts: Mapping[str, str] | None = None, /, **values: object) -> list[Any]:
    """Rows of `sql/<query>.sql` as named tuples; `parts` are the pieces of SQL for its `${…}`."""
    with conn.cursor(cursor_factory=NamedTupleCursor) as cur:
        cur.execute(_template(query).substitute(parts or {}), values)
        return cur.fetchall()
