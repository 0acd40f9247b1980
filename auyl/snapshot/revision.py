"""Build: one period from the current batches to the current revision."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from auyl import ledger
from auyl.linkage.persons.link import linked
from auyl.settings import Settings, from_environment
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.change import changes
from auyl.snapshot.consolidate import SnapshotInputs, consolidate, gather, with_links
from auyl.snapshot.current import return_to
from auyl.snapshot.gate import catalogue_table, gate
from auyl.snapshot.measure import measure
from auyl.snapshot.missing import INDISPENSABLE, missing_table
from auyl.snapshot.publish import build_row, prepare, publish, refuse
from auyl.snapshot.vault import VaultLoad
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.lake import Lake
from auyl.store.locks import BUILD, VAULT, lock
from auyl.store.postgres import publishing_connection
from auyl.subjects import load_subjects

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class BuildResult:
    """What became of a period.

    `status`: published; unchanged; returned (an earlier revision is current again); held (the revision of these inputs
    was rolled back, and another one stays current); refused (by the gate) or incomplete. `note` says why in words.
    """

    period: str
    status: str
    revision: int | None = None
    rows: int = 0
    missing: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def is_moved(self) -> bool:
        """Is another revision current than before?"""
        return self.status in ("published", "returned")


def build(period: str, settings: Settings | None = None, allow_missing: bool = False) -> BuildResult:
    """Consolidate, measure, judge and publish `period`.

    A period whose registries have not all arrived is left alone, unless `allow_missing`: then the indicators that rest
    on them are missing in it, and the revision records what is missing. Population is indispensable. The same inputs
    again change nothing; inputs of an earlier revision make it current again, unless it was rolled back. Raises
    TerritoryMissing.
    """
    settings = settings or from_environment()
    lake = lake_of(settings)
    catalogue = catalogues.load(settings.include)
    with lock(settings, BUILD, period):
        inputs = gather(settings, lake, catalogue, period)
        if inputs.missing and (not allow_missing or INDISPENSABLE in inputs.missing):
            return BuildResult(period, "incomplete", missing=inputs.missing)
        moves = ledger.current_moves(settings, period)
        done = None
        if linked(settings, period, inputs.batches) is not None:
            done = _done_before(settings, lake, catalogue, with_links(settings, inputs))
        if done is None:
            done = _build(settings, lake, catalogue, inputs)
        if done.is_moved and moves and moves[-1].is_rolled_back:
            former = ", ".join(map(str, moves[-1].revisions))
            words = f"{period}: the inputs are others than when revision {former} was rolled back; that ends here"
            done = replace(done, note="\n".join(filter(None, [done.note, words])))
        return done


def _done_before(settings: Settings, lake: Lake, catalogue: Catalogue, inputs: SnapshotInputs) -> BuildResult | None:
    """What these very inputs lead to, if they were built before."""
    known = ledger.revision_of_inputs(settings, inputs.period, inputs.digest)
    if known is None:
        return None
    if known.is_current:
        _make_lost_core(settings, lake, catalogue, inputs)
        return BuildResult(inputs.period, "unchanged", known.revision, missing=inputs.missing)
    if known.is_rolled_back:
        return _held(settings, inputs, known.revision, known.decision)
    details = {"content_sha256": known.content_sha256, "missing": inputs.missing}
    return_to(
        settings, lake, inputs, known.revision,
        lambda cursor: build_row(cursor, catalogue, inputs, "returned", known.revision, details),
    )  # fmt: skip
    _make_lost_core(settings, lake, catalogue, inputs)
    return _returned(inputs, known.revision, "inputs")


def _make_lost_core(settings: Settings, lake: Lake, catalogue: Catalogue, inputs: SnapshotInputs) -> None:
    """Make the core tables of a revision again, where an extract that was erased took them along and came back."""
    if not lake.files(paths.core_folder(inputs.period, inputs.digest)):
        with contextlib.closing(duck.cursor(settings, lake)) as con:
            consolidate(con, settings, lake, catalogue, inputs)


def _held(settings: Settings, inputs: SnapshotInputs, revision: int, decision: str) -> BuildResult:
    current = ledger.current_revision(settings, inputs.period)
    number = current.revision if current else None
    note = (
        f"{inputs.period}: revision {number} stays current: its inputs are those of revision {revision}, which was "
        f"rolled back {decision}. `auyl snapshot forward {inputs.period}` takes that back"
    )
    return BuildResult(inputs.period, "held", number, missing=inputs.missing, note=note)


def _returned(inputs: SnapshotInputs, revision: int, what: str) -> BuildResult:
    note = f"{inputs.period}: {what} as in revision {revision}: revision {revision} is current again"
    return BuildResult(inputs.period, "returned", revision, missing=inputs.missing, note=note)


def _build(settings: Settings, lake: Lake, catalogue: Catalogue, inputs: SnapshotInputs) -> BuildResult:
    with (
        lock(settings, VAULT),
        contextlib.closing(duck.cursor(settings, lake)) as con,
        publishing_connection(settings) as connection,
        contextlib.closing(VaultLoad(settings, lake, inputs, connection)) as vault,
    ):
        # PostgreSQL copies the vault meanwhile.
        inputs = with_links(settings, inputs)
        known = ledger.revision_of_inputs(settings, inputs.period, inputs.digest)
        if known is None:
            return _publish(con, settings, lake, catalogue, inputs, connection, vault)
    # New links may say the same as those before.
    done = _done_before(settings, lake, catalogue, inputs)
    if done is None:
        raise RuntimeError(f"{inputs.period}: revision {known.revision} of these inputs is not there any more")
    return done


def _publish(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake,
    catalogue: Catalogue,
    inputs: SnapshotInputs,
    connection: Any,
    vault: VaultLoad,
) -> BuildResult:
    consolidate(con, settings, lake, catalogue, inputs)
    catalogue_table(con, catalogue)
    measure(con, settings, catalogue, inputs)
    for subject in load_subjects(settings.include):
        query = duck.sql(settings.include / "sql" / "subjects" / f"{subject.table}.sql")
        con.execute(f"create or replace temp table {subject.table} as {query}")
    missing_table(con, inputs)
    with prepare(con, settings, inputs) as prepared:
        # What was published before is no change, whatever is current now.
        changed = [] if prepared.known else changes(con, settings, catalogue, inputs)
        breaches = gate(con, settings)
        if breaches or (changed and ledger.accepted_change(settings, inputs.period, inputs.digest) is None):
            refuse(settings, inputs, breaches, changed)
            note = "" if breaches else f"If that is real: `auyl snapshot release {inputs.period} --reason …`"
            return BuildResult(inputs.period, "refused", missing=inputs.missing, breaches=breaches + changed, note=note)
        published = publish(con, settings, catalogue, inputs, connection, vault, prepared)
    if published.outcome == "held":
        return _held(settings, inputs, published.revision, published.decision)
    if published.outcome == "returned":
        return _returned(inputs, published.revision, "content")
    return BuildResult(inputs.period, published.outcome, published.revision, published.rows, inputs.missing)
