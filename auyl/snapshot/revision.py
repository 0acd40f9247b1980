"""Build: one period from the current batches to the current revision."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from sqlalchemy import text

from auyl.linkage.persons.link import linked
from auyl.settings import Settings, from_environment
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import SnapshotInputs, consolidate, gather, with_links
from auyl.snapshot.gate import gate
from auyl.snapshot.measure import measure
from auyl.snapshot.missing import INDISPENSABLE, missing_table
from auyl.snapshot.publish import publish, refuse
from auyl.snapshot.vault import VaultLoad
from auyl.store import duck
from auyl.store.lake import Lake
from auyl.store.locks import BUILD, lock
from auyl.store.postgres import driver_connection, transaction
from auyl.subjects import load_subjects


@dataclass(frozen=True)
class BuildResult:
    """What became of a period. `status`: published, unchanged, refused (by the gate) or incomplete."""

    period: str
    status: str
    revision: int | None = None
    rows: int = 0
    missing: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)


def build(period: str, settings: Settings | None = None, allow_missing: bool = False) -> BuildResult:
    """Consolidate, measure, judge and publish `period`.

    A period whose registries have not all arrived is left alone, unless `allow_missing`: then the indicators that rest
    on them are missing in it, and the revision records what is missing. Population is indispensable. The same inputs
    again change nothing. Raises TerritoryMissing.
    """
    settings = settings or from_environment()
    lake = Lake(settings.lake)
    catalogue = catalogues.load(settings.include)
    with lock(settings, BUILD, period):
        inputs = gather(settings, lake, catalogue, period)
        if inputs.missing and (not allow_missing or INDISPENSABLE in inputs.missing):
            return BuildResult(period, "incomplete", missing=inputs.missing)
        if linked(settings, period, inputs.batches) is not None:
            current = _done_before(settings, with_links(settings, inputs))
            if current is not None:
                return BuildResult(period, "unchanged", current, missing=inputs.missing)
        return _build(settings, lake, catalogue, inputs)


def _done_before(settings: Settings, inputs: SnapshotInputs) -> int | None:
    """The current revision, if these very inputs made it."""
    with transaction(settings) as con:
        return con.execute(
            text(
                "select b.revision from ledger.build as b inner join serving.current_snapshot as f "
                "using (period, revision) where b.period = :p and b.inputs_digest = :d and b.outcome <> 'refused'"
            ),
            {"p": inputs.period, "d": inputs.digest},
        ).scalar()


def _build(settings: Settings, lake: Lake, catalogue: Catalogue, inputs: SnapshotInputs) -> BuildResult:
    with (
        contextlib.closing(duck.cursor(settings, lake)) as con,
        driver_connection(settings) as connection,
        contextlib.closing(VaultLoad(settings, lake, inputs, connection)) as vault,
    ):
        # PostgreSQL copies the vault meanwhile. New links may say the same as those before.
        inputs = with_links(settings, inputs)
        current = _done_before(settings, inputs)
        if current is not None:
            return BuildResult(inputs.period, "unchanged", current, missing=inputs.missing)
        consolidate(con, settings, lake, catalogue, inputs)
        con.execute("create or replace temp table catalogue (indicator_id varchar, unit varchar, is_share boolean)")
        con.executemany(
            "insert into catalogue values (?, ?, ?)",
            [(i.id, i.unit.id, i.unit.id == "pct" and not i.may_exceed_100) for i in catalogue.indicators],
        )
        measure(con, settings, catalogue, inputs)
        for subject in load_subjects(settings.include):
            query = duck.sql(settings.include / "sql" / "subjects" / f"{subject.table}.sql")
            con.execute(f"create or replace temp table {subject.table} as {query}")
        breaches = gate(con, settings, catalogue, inputs)
        if breaches:
            refuse(settings, inputs, breaches)
            return BuildResult(inputs.period, "refused", missing=inputs.missing, breaches=breaches)
        missing_table(con, settings, inputs)
        published = publish(con, settings, catalogue, inputs, connection, vault)
    status = "published" if published.is_new else "unchanged"
    return BuildResult(inputs.period, status, published.revision, published.rows, inputs.missing)
