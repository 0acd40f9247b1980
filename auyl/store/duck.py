"""DuckDB: one connection for one piece of work, with the macros and the lake."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from secrets import token_hex
from string import Template
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from auyl.settings import Settings
from auyl.store.spill import spill_path

# The readers in child processes need only the functions that quote.
if TYPE_CHECKING:
    import duckdb

    from auyl.store.lake import Lake

# For files that are read soon: small row groups let both cores read a file of ordinary size, a column of many values
# is not worth a dictionary, and no query here uses a Bloom filter.
PARQUET = (
    "format parquet, parquet_version v2, compression snappy, row_group_size 61440, dictionary_size_limit 4000, "
    "write_bloom_filter false"
)
# For files that are kept long and read seldom.
COMPACT = "format parquet, compression zstd"


def cursor(settings: Settings, lake: Lake | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to the database that all work of this process shares, for work with temporary tables only.

    Temporary tables, macros and variables belong to the connection; the macros of `include/sql/macros` and the threads
    are shared. A lake in object storage gets a database of its own.
    """
    if lake is not None and not lake.is_local:
        return connect(settings, lake)
    # A fork has its parent's memory but none of its threads.
    with _OPENING:
        con = _shared(os.getpid(), settings).cursor()
        _OPEN.add(con)
    con.execute("set timezone = 'UTC'")
    return con


def interrupt() -> None:
    """End the queries of all connections of this process, which raise `duckdb.InterruptException`."""
    with _OPENING:
        for con in _OPEN:
            con.interrupt()


_OPENING = Lock()
_OPEN: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()
_SHARED: dict[tuple[object, ...], duckdb.DuckDBPyConnection] = {}


def _shared(process: int, settings: Settings) -> duckdb.DuckDBPyConnection:
    key = (process, settings.home, settings.include, settings.threads, settings.memory_gib)
    if key not in _SHARED:
        _SHARED[key] = _open(settings)
    return _SHARED[key]


def connect(settings: Settings, lake: Lake | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory with every macro of `include/sql/macros`; spills below the home when memory ends."""
    con = _open(settings)
    with _OPENING:
        _OPEN.add(con)
    if lake is not None and not lake.is_local:
        con.register_filesystem(lake.filesystem)
    return con


def _open(settings: Settings) -> duckdb.DuckDBPyConnection:
    import duckdb

    con = duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": f"{settings.memory_gib}GiB",
            # DuckDB makes the folder when it spills, and removes it, unless it is killed.
            "temp_directory": str(spill_path(settings, f"duckdb-{token_hex(4)}")),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    # The session's time zone would shift timestamps of registries that write local time without a zone.
    con.execute("set timezone = 'UTC'")
    for text in _macros(settings.include):
        con.execute(text)
    return con


@cache
def _macros(include: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted((include / "sql" / "macros").glob("*.sql")))


def write_parquet(con: duckdb.DuckDBPyConnection, query: str, address: str, options: str = PARQUET) -> int:
    """Write the rows of a query, or `from` a table, to a Parquet file; return how many."""
    ((rows,),) = con.execute(f"copy ({query}) to {literal(address)} ({options})").fetchall()
    return int(rows)


@cache
def sql(path: Path) -> str:
    """Text of a SQL file without its trailing semicolon, so that it can stand inside another statement."""
    return path.read_text(encoding="utf-8").rstrip().rstrip(";")


def without_comments(text: str) -> str:
    """SQL without its line comments."""
    return re.sub(r"--[^\n]*", "", text)


def identifier(name: str) -> str:
    """`name` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """`value` quoted as an SQL text."""
    return "'" + value.replace("'", "''") + "'"


class _Placeholders(Template):
    # A lone dollar sign ends a regular expression.
    pattern = r"\$\{(?P<braced>\w+)\}(?P<named>(?!))?(?P<escaped>(?!))?(?P<invalid>(?!))?"  # type: ignore[assignment]


def bind(text: str, **names: str) -> str:
    """Put table names or quoted literals where `text` says `${name}`; a placeholder left unfilled raises KeyError."""
    return _Placeholders(text).substitute(names)
