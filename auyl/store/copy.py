"""COPY from DuckDB into PostgreSQL: the rows of a query go through a CSV file in a spill folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.settings import Settings
from auyl.store.duck import literal
from auyl.store.spill import spill_folder

if TYPE_CHECKING:
    import duckdb


def write_csv(con: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    """Write the rows of `query` to a CSV file as `copy_csv` reads it; return how many. An unquoted \\N is null."""
    written = con.execute(
        f"copy ({query}) to {literal(str(file))} (format csv, header false, nullstr '\\N', quote '\"')"
    ).fetchall()
    return int(written[0][0])


def copy_csv(cursor: Any, table: str, columns: Iterable[str], file: Path) -> None:
    """COPY a file of `write_csv` into `columns` of `table`, by a driver's cursor."""
    with file.open("rb") as stream:
        cursor.copy_expert(f"copy {table} ({', '.join(columns)}) from stdin (format csv, null '\\N')", stream)


def copy_query(
    con: duckdb.DuckDBPyConnection, query: str, cursor: Any, table: str, columns: Iterable[str], settings: Settings
) -> int:
    """COPY the rows of a DuckDB query into `columns` of a table of PostgreSQL; return how many."""
    with spill_folder(settings) as folder:
        rows = write_csv(con, query, folder / "rows.csv")
        copy_csv(cursor, table, columns, folder / "rows.csv")
    return rows
