"""Consolidate: the current batches become core tables, every row placed in an okrug or marked as unplaced."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auyl import contracts, ledger
from auyl.linkage.persons.link import link
from auyl.periods import last_day, month_before
from auyl.settings import Settings
from auyl.snapshot import core
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.rejected import REJECTED, place_rejected, rejected_rows
from auyl.stage.inputs import current_batches, digest
from auyl.stage.linkable import counted_rows
from auyl.store import duck, paths
from auyl.store.duck import literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.territory.resolver import addressed_view, current_edition, open_territory, resolve

if TYPE_CHECKING:
    import duckdb

# registry, last_period, reason
MissingReason = tuple[str, str | None, str]


@dataclass(frozen=True)
class SnapshotInputs:
    """What a build rests on. `batches` has a list per registry; `missing` are registries without a batch.

    `reasons`: of each registry that is missing, the newest period of which it was accepted, and why it is.
    `links`: path of the links of rows without a valid person number, None without a population to link them to.
    """

    period: str
    batches: dict[str, list[ledger.Batch]]
    missing: list[str]
    edition: str
    digest: str
    links: str | None = None
    reasons: list[MissingReason] = field(default_factory=list)


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
    reasons = _why_missing(settings, period, missing) if missing else []
    if reasons:  # they can change while no batch does
        made_of = hashlib.sha256(f"{made_of} {reasons}".encode()).hexdigest()
    return SnapshotInputs(period, batches, missing, edition, made_of, reasons=reasons)


def _why_missing(settings: Settings, period: str, missing: list[str]) -> list[MissingReason]:
    """Of each registry that is missing for `period`: its name, the newest period of which it was accepted, or None, and
    the reason: refused (it arrived and was refused), late (the last accepted one is of another period), never (nothing
    was accepted).
    """
    arrivals = ledger.arrivals(settings)
    rows = []
    for registry in missing:
        first = month_before(period, contracts.load(registry, settings.include).carry_forward_months)
        by_period = {r["period"]: r for r in arrivals if r["registry"] == registry and r["period"] <= period}
        accepted = [month for month, row in by_period.items() if row["extracted_at"]]
        is_refused = any(month >= first and row["refused_at"] for month, row in by_period.items())
        reason = "refused" if is_refused else "late" if accepted else "never"
        rows.append((registry, max(accepted, default=None), reason))
    return rows


def with_links(settings: Settings, inputs: SnapshotInputs) -> SnapshotInputs:
    """The same with the links of its batches; makes the links if they do not exist yet."""
    linked = link(settings, inputs.period, inputs.batches)
    links = [f"{registry} {linked.contents.get(registry, '')}" for registry in sorted(inputs.batches)]
    made_of = hashlib.sha256("\n".join([inputs.digest, *links]).encode()).hexdigest()
    return replace(inputs, links=linked.path, digest=made_of)


def consolidate(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, catalogue: Catalogue, inputs: SnapshotInputs
) -> str:
    """Create the core tables and `rejected` on `con` and write them to the lake; return their folder."""
    con.execute(f"set variable period_begin = date {literal(inputs.period + '-01')}")
    con.execute(f"set variable period_end = date {literal(last_day(inputs.period).isoformat())}")
    open_territory(con, settings, lake, inputs.edition)
    set_person_key(con, settings)
    claims, rejected = [], []
    for registry in catalogue.registries:
        contract = contracts.load(registry, settings.include)
        batches = inputs.batches.get(registry, [])
        view = stage = addressed_view(con, settings, lake, contract, batches)
        if contract.names_person:
            view = counted_rows(con, lake, contract, batches, stage, inputs.links)
        claims.append((contract, view))
        if batches:
            rejected.append((contract, rejected_rows(con, settings, lake, contract, batches, stage, inputs.links)))
    resolve(con, settings, claims + rejected)
    place_rejected(con, rejected)
    con.execute(
        f"create or replace temp table okrug as select kato, district_kato from territory "
        f"where is_rural_akimat and oblast_kato = {literal(settings.oblast_kato)}"
    )
    area = duck.bind(duck.sql(settings.include / "sql" / "snapshot" / "area.sql"), oblast=literal(settings.oblast_kato))
    con.execute(f"create or replace temp table area as {area}")
    folder = paths.core_folder(inputs.period, inputs.digest)
    lake.prepare(folder)
    for table in catalogue.core:
        core.make(con, settings.include, table)
    for table in (*catalogue.core, REJECTED):
        duck.write_parquet(con, f"from {table}", lake.address(paths.core_file(inputs.period, inputs.digest, table)))
    return folder
