"""DuckDB as this library uses it: one connection for one piece of work, with the macros and the lake at hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

import duckdb

from auyl.lake import Lake
from auyl.settings import Settings


def connect(settings: Settings, lake: Lake | None = None) -> duckdb.DuckDBPyConnection:
    """A connection in memory with every macro of `include/sql/macros`; spills below the home when memory ends."""
    spill = settings.home / "spill"
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    con = duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": f"{settings.memory_gib}GiB",
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    # A private zone of the session would move timestamps of registries that write local time without a zone.
    con.execute("set timezone = 'UTC'")
    for text in _macros(settings.include):
        con.execute(text)
    if lake is not None and not lake.is_local:
        con.register_filesystem(lake.filesystem)
    return con


@cache
def _macros(include: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted((include / "sql" / "macros").glob("*.sql")))


@cache
def sql(path: Path) -> str:
    """Text of a SQL file without its trailing semicolon, so that it can stand inside another statement."""
    return path.read_text(encoding="utf-8").rstrip().rstrip(";")


def identifier(name: str) -> str:
    """`name` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """`value` quoted as an SQL text."""
    return "'" + value.replace("'", "''") + "'"


def bind(text: str, **names: str) -> str:
    """Put table names or quoted literals where `text` says `${name}`; an unknown name raises KeyError."""
    return Template(text).substitute(names)
