"""Consolidate: the batches in force become core tables, every row placed in an okrug or openly in none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auyl import contracts, duck, ledger
from auyl.duck import literal
from auyl.lake import Lake
from auyl.linkage.places import edition_in_force, open_territory, resolve
from auyl.linkage.staged import stage_view
from auyl.periods import last_day, month_before
from auyl.settings import Settings
from auyl.snapshot.catalogue import REGISTRIES_OF, Catalogue

if TYPE_CHECKING:
    import duckdb

CORE_TABLES = ("person", "assistance", "jobseeker", "animal", "ambulance_call", "budget_line")


@dataclass(frozen=True)
class Inputs:
    """What a build is made of. `batches` has a list a registry; `missing` are registries that gave nothing."""

    period: str
    batches: dict[str, list[ledger.Batch]]
    missing: list[str]
    edition: str
    digest: str


def gather(settings: Settings, lake: Lake, catalogue: Catalogue, period: str) -> Inputs:
    """The batches in force for `period`, an older one where the contract lets it be carried forward."""
    batches: dict[str, list[ledger.Batch]] = {}
    missing = []
    for registry in catalogue.registries:
        contract = contracts.load(registry, settings.include)
        for back in range(contract.carry_forward_months + 1):
            found = ledger.in_force(settings, registry, month_before(period, back), contract.is_delta)
            if found:
                batches[registry] = found
                break
        else:
            missing.append(registry)
    edition = edition_in_force(settings, lake)
    total = hashlib.sha256()
    for registry in sorted(batches):
        for batch in batches[registry]:
            total.update(f"{registry} {batch.period} {batch.digest} {batch.rules_digest}\n".encode())
    for path in lake.files(f"reference/territory/{edition}"):
        total.update(path.encode() + hashlib.sha256(lake.read(path)).digest())
    total.update(settings.oblast_kato.encode() + _code_digest(settings))
    return Inputs(period, batches, missing, edition, total.hexdigest())


def _code_digest(settings: Settings) -> bytes:
    total = hashlib.sha256()
    folders = [settings.include / "sql" / name for name in ("macros", "core", "indicators")]
    paths = [p for folder in [*folders, settings.include / "indicators"] for p in sorted(folder.iterdir())]
    for path in [*paths, settings.expectations / "snapshot.json"]:
        total.update(path.name.encode() + path.read_bytes())
    return total.digest()


def consolidate(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, inputs: Inputs) -> str:
    """Create the core tables on `con` and write them to the lake; return their folder."""
    con.execute(f"set variable period_begin = date {literal(inputs.period + '-01')}")
    con.execute(f"set variable period_end = date {literal(last_day(inputs.period).isoformat())}")
    open_territory(con, settings, lake, inputs.edition)
    claims = []
    for registry in sorted({r for registries in REGISTRIES_OF.values() for r in registries}):
        contract = contracts.load(registry, settings.include)
        claims.append((contract, stage_view(con, settings, lake, contract, inputs.batches.get(registry, []))))
    sql = settings.include / "sql" / "core"
    resolve(con, settings, claims)
    con.execute(
        f"create or replace temp table okrug as select kato, district_kato from territory "
        f"where is_rural_akimat and oblast_kato = {literal(settings.oblast_kato)}"
    )
    folder = f"core/{inputs.period}/{inputs.digest[:16]}"
    address = lake.prepare(folder)
    for table in CORE_TABLES:
        con.execute(f"create or replace temp table {table} as {duck.sql(sql / f'{table}.sql')}")
        con.execute(f"copy {table} to {literal(f'{address}/{table}.parquet')} (format parquet, compression snappy)")
    return folder
