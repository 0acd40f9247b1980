"""The SQL files: a head that says grain, key and inputs, and statements that parse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.checks.faults import Fault

if TYPE_CHECKING:
    import duckdb

# What the head of a file says, by folder of `include/sql`. A file of macros and the schema of PostgreSQL have no grain.
HEADS = {
    "core": ("Grain:", "Key:", "Inputs:"),
    "stage": ("Grain:", "Key:", "Inputs:"),
    "subjects": ("Grain:", "Key:", "Inputs:"),
    "contradictions": ("Grain:", "Inputs:"),
    "indicators": ("Grain:", "Key:", "Inputs:"),
    "ledger": ("Grain:",),
    "linkage": ("Grain:", "Inputs:"),
    "snapshot": ("Grain:", "Inputs:"),
    "territory": ("Grain:", "Inputs:"),
    "macros": (),
}
# DuckDB does not parse all of it; the server does (auyl.checks.questions).
POSTGRESQL = ("ledger",)
_LINE = re.compile(r"LINE (\d+):")
# Bound by the program.
_BOUND = re.compile(r"\$\{(\w+)\}")


def faults_of_sql(con: duckdb.DuckDBPyConnection, include: Path) -> list[Fault]:
    """Faults of every file below `include/sql` that the program reads as one query, or as macros."""
    faults = []
    for folder, head in HEADS.items():
        for path in sorted((include / "sql" / folder).rglob("*.sql")):
            faults += _faults(con, path, head)
    return faults


def _faults(con: duckdb.DuckDBPyConnection, path: Path, head: tuple[str, ...]) -> list[Fault]:
    import duckdb

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        return [Fault(path.name, 1, f"cannot be read: {type(error).__name__}")]
    lines = text.splitlines()
    comment = " ".join(line for line in lines if line.startswith("--"))
    missing = [part for part in head if part not in comment]
    faults = [Fault(path.name, 1, f"expected {part} in the comment at its head") for part in missing]
    if path.parent.name in POSTGRESQL:
        return faults
    try:
        statements = con.extract_statements(_BOUND.sub(r"x_\1", text))
    except duckdb.Error as error:
        at = _LINE.search(str(error))
        return [*faults, Fault(path.name, int(at[1]) if at else 1, str(error).partition("\n")[0])]
    if head and len(statements) != 1:
        faults.append(Fault(path.name, 1, f"expected one query, found {len(statements)}"))
    return faults
