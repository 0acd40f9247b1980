"""What is made of stage: that core tables, indicators, subjects and contradictions ask for columns that are there.

Each file is run in the order of a build, over stages and places without a row. Its names, types and regular expressions
are then those of the real run; what it finds in rows is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.checks.faults import Fault, fault_in
from auyl.contracts import Contract
from auyl.errors import ContractInvalid
from auyl.linkage.contradictions import catalogue as contradictions
from auyl.linkage.contradictions.compute import empty_set, find
from auyl.settings import Settings
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot import core
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.snapshot.gate import VALUES, catalogue_table
from auyl.snapshot.measure import by_place, measure
from auyl.snapshot.rejected import place_rejected
from auyl.store import duck
from auyl.store.duck import identifier
from auyl.subjects import load_subject, subject_files
from auyl.territory.resolver import CLAIM_ROLES, address_key, claim_key

if TYPE_CHECKING:
    import duckdb

# What the resolver and the classifier give a build: auyl/territory/resolver.py, auyl/snapshot/consolidate.py.
PLACE = "_key ubigint, settlement_kato varchar, okrug_kato varchar, district_kato varchar, step varchar"
TABLES = {
    "place": PLACE,
    "address_place": f"{PLACE}, confidence double",
    "okrug": "kato varchar, district_kato varchar",
    "area": "kato varchar, level varchar, district_kato varchar, within varchar",
    "territory": "kato varchar, level varchar, kind varchar, parent_kato varchar, okrug_kato varchar, "
    "district_kato varchar, oblast_kato varchar, name_ru varchar, name_kk varchar, is_rural_akimat boolean, "
    "is_main_settlement boolean",
}


def faults_of_chain(con: duckdb.DuckDBPyConnection, settings: Settings, readable: Iterable[Contract]) -> list[Fault]:
    """Faults of the SQL of core tables, indicators, subjects and contradictions, and of the suite of a snapshot.

    `con` has the macros and, of each contract of `readable`, the table `stage_<registry>` with its columns.
    """
    include = settings.include
    con.execute("set variable period_begin = date '2026-01-01'")
    con.execute("set variable period_end = date '2026-01-31'")
    for name, columns in TABLES.items():
        con.execute(f"create or replace temp table {name} ({columns})")
    place_rejected(con, [])
    for contract in readable:
        registry, stage = contract.registry, f"stage_{contract.registry}"
        if private := contract.private_address:
            columns = f"* exclude ({identifier(private.name)}), {address_key(contract)} as address_key"
            con.execute(f"create or replace temp table {stage} as select {columns} from {stage}")
        con.execute(
            f"create or replace temp view counted_{registry} as select *, null::varchar as linked_by from {stage}"
        )
        if set(contract.place) & set(CLAIM_ROLES):
            con.execute(
                f"create or replace temp view placed_{registry} as "
                f"select s.*, l.okrug_kato, l.settlement_kato from {stage} as s "
                f"left join place as l on {claim_key(contract, 's.')} = l._key"
            )
    return [*_snapshot(con, settings), *_contradictions(con, include)]


def _snapshot(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[Fault]:
    include = settings.include
    sql = include / "sql"
    if catalogues.faults(include):
        return []  # they say why
    tables = core.core_tables(include)
    faults = []
    for table in tables:
        faults += _tried(sql / "core" / f"{table}.sql", partial(core.make, con, include, table))
    if faults:
        return faults  # what rests on these tables cannot be asked
    for path in sorted((sql / "indicators").glob("*.sql")):
        faults += _tried(path, partial(con.execute, by_place(settings, duck.sql(path), [])))
    if not faults:
        faults += _suite(con, settings)
    for path in subject_files(include):
        file = sql / "subjects" / f"{path.stem}_by_settlement.sql"
        faults += _tried(file, partial(_ask_subject, con, include, file, path))
    return faults


def _suite(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[Fault]:
    """Rules of the snapshot's suite that ask for a column which the gate does not have."""
    sql = settings.include / "sql" / "snapshot"
    catalogue = catalogues.load(settings.include)
    catalogue_table(con, catalogue)
    inputs = SnapshotInputs("2026-01", {}, [], "none", "none")
    faults = _tried(sql / "value.sql", partial(measure, con, settings, catalogue, inputs))
    there: dict[str, set[str]] = {}
    for level, path, query in (
        ("row", sql / "value.sql", VALUES), ("batch", sql / "gate.sql", duck.sql(sql / "gate.sql"))
    ):  # fmt: skip
        faults += [] if faults else _tried(path, partial(_describe, con, there, level, query))
    if faults:
        return faults
    suite = settings.expectations / "snapshot.json"
    return [
        fault_in(suite, f"rule «{item['meta']['rule']}»: expected a column of the gate, found «{column}»")
        for item in json.loads(suite.read_text(encoding="utf-8"))["expectations"]
        for column in (item["kwargs"].get("column"), *item["kwargs"].get("column_list", ()))
        if column is not None and column not in there[item["meta"]["level"]]
    ]


def _describe(con: duckdb.DuckDBPyConnection, there: dict[str, set[str]], name: str, query: str) -> None:
    there[name] = {row[0] for row in con.execute(f"describe {query}").fetchall()}


def _ask_subject(con: duckdb.DuckDBPyConnection, include: Path, file: Path, description: Path) -> None:
    """Raise ContractInvalid where a column that the description of a subject names is not in its rows."""
    try:
        named = load_subject(description, include).columns
    except ContractInvalid:
        return  # its own faults say why
    there = {row[0] for row in con.execute(f"describe {duck.sql(file)}").fetchall()}
    if missing := sorted(set(named) - there):
        raise ContractInvalid(f"{file.name}: expected the columns of {description.name}, found no {', '.join(missing)}")


def _contradictions(con: duckdb.DuckDBPyConnection, include: Path) -> list[Fault]:
    try:
        types = contradictions.load(include)
    except ContractInvalid:
        return []
    folder = include / "sql" / "contradictions"
    empty_set(con)
    faults = []
    for one in types:
        own = folder / f"{one.id}.sql"
        file = own if own.is_file() else folder
        faults += _tried(file, partial(find, con, one), f"contradiction «{one.id}»: ")
    return faults


def _tried(path: Path, step: Callable[[], object], about: str = "") -> list[Fault]:
    import duckdb

    try:
        step()
    except duckdb.Error as error:
        return [fault_in(path, about + str(error).partition("\n")[0])]
    except ContractInvalid as error:
        return [fault_in(path, about + str(error))]
    return []
