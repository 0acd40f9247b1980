"""Core tables: one file each in `include/sql/core`. Adding a core table is adding its file.

The head of a file says what the table is made of: `-- Grain: … Key: … Inputs: <relation>, <relation>….` The first input
is the relation whose rows are counted, `stage_<registry>` or `counted_<registry>`; the others are further stages, other
core tables, and what the resolver makes (place, address_place).
"""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from auyl import contracts
from auyl.errors import AuylError, ContractInvalid
from auyl.store import duck

if TYPE_CHECKING:
    import duckdb

_INPUTS = re.compile(r"\bInputs: ([\w, ]+)\.")
_KEY = re.compile(r"\bKey: ([\w, ]+)\.")
_OF_REGISTRY = re.compile(r"(?:stage|counted)_(\w+)")


def core_tables(include: Path) -> dict[str, tuple[str, ...]]:
    """Core tables in the order in which they are made, each with its registries, the one whose rows are counted first.

    Raises ContractInvalid when the head of a file does not say it.
    """
    tables, faults = read_core_tables(include)
    if faults:
        raise ContractInvalid("\n".join(faults))
    return tables


def read_core_tables(include: Path) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The same, of the files that can be read; and what is wrong in the others, one a line."""
    inputs: dict[str, list[str]] = {}
    faults: list[str] = []
    for path in sorted((include / "sql" / "core").glob("*.sql")):
        try:
            inputs[path.stem] = _inputs(path)
        except ContractInvalid as error:
            faults.append(str(error))
    known = set(contracts.names(include))
    order = TopologicalSorter({table: [name for name in inputs[table] if name in inputs] for table in inputs})
    tables: dict[str, tuple[str, ...]] = {}
    try:
        for table in order.static_order():
            registries: list[str] = []
            for name in inputs[table]:
                of_registry = _OF_REGISTRY.fullmatch(name)
                registries += [of_registry[1]] if of_registry else tables.get(name, ())
            if unknown := sorted(set(registries) - known):
                faults.append(f"{table}.sql, Inputs: no contract for {', '.join(unknown)}")
            tables[table] = tuple(dict.fromkeys(registries))
    except CycleError as error:
        faults.append(f"core tables need each other: {' -> '.join(error.args[1])}")
    return tables, faults


def make(con: duckdb.DuckDBPyConnection, include: Path, table: str) -> None:
    """Create a core table as a temporary table. Raises AuylError where rows that lie in an okrug share a key."""
    path = include / "sql" / "core" / f"{table}.sql"
    con.execute(f"create or replace temp table {table} as {duck.sql(path)}")
    key = _key(path)
    ((shared,),) = con.execute(
        f"select count(*) from (select 1 from {table} where okrug_kato is not null group by {key} having count(*) > 1)"
    ).fetchall()
    if shared:
        raise AuylError(
            f"core table {table}: expected one row for each {key}; found {shared} with more. "
            f"Fix: a data engineer, sql/core/{path.name}"
        )


def _head(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(line.removeprefix("--").strip() for line in lines if line.startswith("--"))


def _key(path: Path) -> str:
    key = _KEY.search(_head(path))
    if key is None:
        raise ContractInvalid(f"{path.name}: expected «Key: <column>, <column>.» in its head")
    return key[1]


def _inputs(path: Path) -> list[str]:
    inputs = _INPUTS.search(_head(path))
    names = inputs[1].split(", ") if inputs else []
    if not names or not _OF_REGISTRY.fullmatch(names[0]):
        raise ContractInvalid(
            f"{path.name}: expected «Inputs: stage_<registry>, …» in its head; found "
            f"{inputs[0] if inputs else 'none'!r}"
        )
    return names
