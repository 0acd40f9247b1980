"""Asking a macro, as the tests of identifiers and names do."""

from __future__ import annotations

import duckdb


def ask(con: duckdb.DuckDBPyConnection, macro: str, value: str | None) -> object:
    """What `macro` makes of `value`."""
    ((answer,),) = con.execute(f"select {macro}(?::varchar)", [value]).fetchall()
    return answer
