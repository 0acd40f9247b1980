"""The checks of an installation, in one go, and of one registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from auyl import contracts
from auyl.checks.chain import faults_of_chain
from auyl.checks.descriptions import faults_of_descriptions, faults_of_keys
from auyl.checks.faults import Fault, collect
from auyl.checks.questions import faults_of_questions
from auyl.checks.registries import faults_of_contracts, faults_of_registries
from auyl.checks.sql import faults_of_sql
from auyl.contracts import Contract
from auyl.errors import ContractInvalid
from auyl.settings import Settings

if TYPE_CHECKING:
    import duckdb


def check_installation(settings: Settings) -> list[Fault]:
    """All faults of contracts, suites, catalogues and SQL, and of the links between them, sorted by file and line."""
    include = settings.include
    faults = [*faults_of_keys(include), *faults_of_contracts(include)]
    with _database(include) as con:
        of_sql = faults_of_sql(con, include)
        faults += of_sql
        macros = sorted((include / "sql" / "macros").glob("*.sql"))
        broken = {fault.file for fault in of_sql}
        if not broken.intersection(path.name for path in macros):
            faults += collect(macros, lambda path: con.execute(path.read_text(encoding="utf-8")))
            readable = _readable(include)
            is_whole = len(readable) == len(contracts.names(include))
            of_registries = faults_of_registries(con, settings, readable, broken, is_whole)
            faults += of_registries
            if is_whole and not of_sql and not of_registries:
                faults += faults_of_chain(con, settings, readable)
    faults += faults_of_questions(settings)
    faults += faults_of_descriptions(include)
    return sorted(set(faults))


def check_registry(settings: Settings, registry: str) -> list[Fault]:
    """Faults of one contract by itself."""
    return faults_of_contracts(settings.include, registry)


def refuse_faults(settings: Settings) -> None:
    """Raise ContractInvalid with all faults, one line each."""
    faults = check_installation(settings)
    if faults:
        raise ContractInvalid("\n".join(map(str, faults)))


def _readable(include: Path) -> list[Contract]:
    found = []
    for name in contracts.names(include):
        try:
            found.append(contracts.load(name, include))
        except (ContractInvalid, yaml.YAMLError, UnicodeDecodeError):
            continue  # its own faults say why
    return found


@contextmanager
def _database(include: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with duckdb.connect(config={"threads": 1}) as con:
        # Rules may be asked about without the hash key.
        con.execute("create macro person_key(t) as md5(t)::uuid")
        yield con
