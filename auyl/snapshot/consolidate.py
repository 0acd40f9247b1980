"""Consolidate: the current batches become core tables, every row placed in an okrug or marked as unplaced."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auyl import contracts, ledger
from auyl.linkage.persons.link import link
from auyl.periods import last_day
from auyl.settings import Settings
from auyl.snapshot import core
from auyl.snapshot.catalogue import Catalogue
from auyl.stage.current import stage_view
from auyl.stage.inputs import current_batches, digest
from auyl.stage.linkable import counted_rows
from auyl.store import duck, paths
from auyl.store.duck import literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.territory.resolver import current_edition, open_territory, resolve

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class SnapshotInputs:
    """What a build rests on. `batches` has a list per registry; `missing` are registries without a batch.

    `links`: path of the links of rows without a valid person number, None without a population to link them to.
    """

    period: str
    batches: dict[str, list[ledger.Batch]]
    missing: list[str]
    edition: str
    digest: str
    links: str | None = None


def gather(settings: Settings, lake: Lake, catalogue: Catalogue, period: str) -> SnapshotInputs:
    """The current batches for `period`, an older one where the contract lets it be carried forward."""
    batches, missing = current_batches(settings, catalogue.registries, period)
    edition = current_edition(settings, lake)
    folders = [
        settings.include / "sql" / name
        for name in ("macros", "territory", "core", "indicators", "subjects", "snapshot")
    ]
    rules = [p for folder in [*folders, settings.include / "indicators"] for p in sorted(folder.iterdir())]
    made_of = digest(settings, lake, batches, edition, [*rules, settings.expectations / "snapshot.json"])
    return SnapshotInputs(period, batches, missing, edition, made_of)


def with_links(settings: Settings, inputs: SnapshotInputs) -> SnapshotInputs:
    """The same with the links of its batches; makes the links if they do not exist yet."""
    linked = link(settings, inputs.period, inputs.batches)
    links = [f"{registry} {linked.contents.get(registry, '')}" for registry in sorted(inputs.batches)]
    made_of = hashlib.sha256("\n".join([inputs.digest, *links]).encode()).hexdigest()
    return replace(inputs, links=linked.path, digest=made_of)


def consolidate(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, catalogue: Catalogue, inputs: SnapshotInputs
) -> str:
    """Create the core tables on `con` and write them to the lake; return their folder."""
    con.execute(f"set variable period_begin = date {literal(inputs.period + '-01')}")
    con.execute(f"set variable period_end = date {literal(last_day(inputs.period).isoformat())}")
    open_territory(con, settings, lake, inputs.edition)
    set_person_key(con, settings)
    claims = []
    for registry in catalogue.registries:
        contract = contracts.load(registry, settings.include)
        batches = inputs.batches.get(registry, [])
        view = stage_view(con, settings, lake, contract, batches)
        if contract.names_person:
            view = counted_rows(con, lake, contract, batches, view, inputs.links)
        claims.append((contract, view))
    resolve(con, settings, claims)
    con.execute(
        f"create or replace temp table okrug as select kato, district_kato from territory "
        f"where is_rural_akimat and oblast_kato = {literal(settings.oblast_kato)}"
    )
    folder = paths.core_folder(inputs.period, inputs.digest)
    lake.prepare(folder)
    for table in catalogue.core:
        core.make(con, settings.include, table)
        duck.write_parquet(con, f"from {table}", lake.address(paths.core_file(inputs.period, inputs.digest, table)))
    return folder
