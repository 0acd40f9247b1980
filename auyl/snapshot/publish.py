"""Publish: everything that a revision consists of goes into PostgreSQL by COPY, in one transaction with the swap."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2.extras

from auyl import ledger
from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.snapshot.current import make_current, show_catalogue, write_catalogue
from auyl.snapshot.missing import MISSING_COLUMNS
from auyl.snapshot.vault import VaultLoad
from auyl.store.copy import copy_csv, write_csv
from auyl.store.duck import identifier
from auyl.store.postgres import confirm_locks, driver_transaction
from auyl.store.spill import spill_folder
from auyl.subjects import load_subjects

if TYPE_CHECKING:
    import duckdb

VALUE_COLUMNS = (
    "kato", "level", "indicator_id", "value", "lower", "upper", "numerator", "denominator", "flag", "coverage_pct",
    "as_of", "rows_near", "rows_elsewhere",
)  # fmt: skip
TERRITORY_COLUMNS = (
    "kato", "edition", "level", "kind", "parent_kato", "okrug_kato", "district_kato", "oblast_kato", "name_ru",
    "name_kk", "is_rural_akimat", "is_main_settlement",
)  # fmt: skip


@dataclass(frozen=True)
class Published:
    """What a publication did: published, unchanged (its content was current), returned (an earlier revision with its
    content is current again) or held (that revision was rolled back, and stays so).
    """

    outcome: str
    revision: int
    rows: int
    decision: str = ""


class Publication:
    """The files of one revision, written by DuckDB and not yet in PostgreSQL."""

    def __init__(self, con: duckdb.DuckDBPyConnection, settings: Settings, work: Path) -> None:
        self._con, self._settings, self._work = con, settings, work
        self.tables: dict[str, tuple[str, ...]] = {}

    def write(self, table: str, columns: tuple[str, ...], query: str) -> None:
        """Write the rows of `query` for `serving.<table>`, in its order."""
        write_csv(self._con, query, self._file(table))
        self.tables[table] = columns

    def _file(self, table: str) -> Path:
        return self._work / f"{table}.csv"

    def content_sha256(self) -> str:
        """sha256 over the tables in the order of their names: equal content is the same revision."""
        total = hashlib.sha256()
        for table in sorted(self.tables):
            total.update(table.encode())
            total.update(self._file(table).read_bytes())
        return total.hexdigest()

    def copy(self, cursor: Any, table: str, target: str, period: str, revision: int) -> None:
        """COPY a written table into `target` under its revision."""
        columns = ", ".join(map(identifier, self.tables[table]))
        cursor.execute(f"create temp table incoming on commit drop as select {columns} from {target} limit 0")
        copy_csv(cursor, "incoming", map(identifier, self.tables[table]), self._file(table))
        cursor.execute(
            f"insert into {target} (period, revision, {columns}) select %s, %s, {columns} from incoming",
            (period, revision),
        )
        cursor.execute("drop table incoming")


@dataclass(frozen=True)
class Prepared:
    """A snapshot that is written and not yet published: its files, their sha256, and the revision with that content."""

    publication: Publication
    content: str
    known: ledger.Revision | None


@contextmanager
def prepare(con: duckdb.DuckDBPyConnection, settings: Settings, inputs: SnapshotInputs) -> Iterator[Prepared]:
    """Write what `con` holds to files, which are removed at the end."""
    with spill_folder(settings) as folder:
        publication = Publication(con, settings, folder)
        publication.write("snapshot_value", VALUE_COLUMNS, f"select {', '.join(VALUE_COLUMNS)} from snapshot_value")
        missing = f"select {', '.join(MISSING_COLUMNS)} from snapshot_missing order by registry"
        publication.write("snapshot_missing", MISSING_COLUMNS, missing)
        for subject in load_subjects(settings.include):
            columns = tuple(subject.all_columns)
            publication.write(subject.table, columns, f"select {', '.join(columns)} from {subject.table}")
        content = publication.content_sha256()
        known = ledger.revision_of_content(settings, inputs.period, content, inputs.edition)
        yield Prepared(publication, content, known)


def publish(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    catalogue: Catalogue,
    inputs: SnapshotInputs,
    connection: Any,
    vault: VaultLoad,
    prepared: Prepared,
) -> Published:
    """Publish what was prepared as a revision of the period, or make the revision with the same content current.

    One transaction, that of `connection`, in which `vault` has loaded the persons already: if the process is killed
    before the commit, the previous revision stays whole.
    """
    # The thread of the vault uses the same connection until it is done.
    vault.wait()
    cursor = connection.cursor()
    published = _write(cursor, con, catalogue, inputs, prepared, vault)
    show_catalogue(cursor)
    confirm_locks(settings)
    connection.commit()
    return published


def _write(
    cursor: Any,
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    inputs: SnapshotInputs,
    prepared: Prepared,
    vault: VaultLoad,
) -> Published:
    period, known = inputs.period, prepared.known
    ((count,),) = con.execute("select count(*) from snapshot_value").fetchall()
    _territory(cursor, con, inputs)
    details = {"content_sha256": prepared.content, "missing": inputs.missing}
    if known is not None and known.is_rolled_back:
        vault.discard(cursor)
        build_row(cursor, catalogue, inputs, "unchanged", known.revision, details)
        return Published("held", known.revision, count, known.decision)
    if known is not None:
        # No number moved, yet a name may have.
        vault.swap(cursor, period, known.revision)
        make_current(cursor, period, known.revision, inputs.edition)
        outcome = "unchanged" if known.is_current else "returned"
        build_row(cursor, catalogue, inputs, outcome, known.revision, details)
        return Published(outcome, known.revision, count)
    cursor.execute("select coalesce(max(revision), 0) + 1 from serving.snapshot where period = %s", (period,))
    revision = int(cursor.fetchone()[0])
    cursor.execute(
        "insert into serving.snapshot (period, revision, edition, inputs_digest, content_sha256) "
        "values (%s, %s, %s, %s, %s)",
        (period, revision, inputs.edition, inputs.digest, prepared.content),
    )
    for table in prepared.publication.tables:
        prepared.publication.copy(cursor, table, f"serving.{table}", period, revision)
    for registry, batches in inputs.batches.items():
        psycopg2.extras.execute_values(
            cursor,
            "insert into serving.snapshot_source (period, revision, registry, batch_id, extracted_at, source_period, "
            "rows_staged, rows_quarantined) values %s",
            [(period, revision, registry, b.batch_id, b.extracted_at, b.period, b.staged, b.rejected) for b in batches],
        )
    vault.swap(cursor, period, revision)
    make_current(cursor, period, revision, inputs.edition)
    build_row(cursor, catalogue, inputs, "published", revision, details)
    return Published("published", revision, count)


def build_row(
    cursor: Any,
    catalogue: Catalogue | None,
    inputs: SnapshotInputs,
    outcome: str,
    revision: int | None,
    details: dict[str, Any],
) -> None:
    """Write down a build: what it read, under which catalogue, and how it ended."""
    catalogue_sha256 = write_catalogue(cursor, catalogue) if catalogue else None
    cursor.execute(
        "insert into ledger.build (period, inputs_digest, outcome, revision, details, catalogue_sha256) "
        "values (%s, %s, %s, %s, %s, %s) returning build_id",
        (inputs.period, inputs.digest, outcome, revision, psycopg2.extras.Json(details), catalogue_sha256),
    )
    build_id = cursor.fetchone()[0]
    batches = [(build_id, batch.batch_id) for batches_of in inputs.batches.values() for batch in batches_of]
    psycopg2.extras.execute_values(cursor, "insert into ledger.build_input (build_id, batch_id) values %s", batches)


def refuse(settings: Settings, inputs: SnapshotInputs, breaches: list[str], changed: list[str]) -> None:
    """Record in the ledger that the gate refused a snapshot: what it breaches, and what changed too much."""
    details = {"breaches": breaches + changed, "is_change": not breaches, "missing": inputs.missing}
    with driver_transaction(settings) as cursor:
        build_row(cursor, None, inputs, "refused", None, details)


def _territory(cursor: Any, con: duckdb.DuckDBPyConnection, inputs: SnapshotInputs) -> None:
    cursor.execute("select 1 from serving.territory where edition = %s limit 1", (inputs.edition,))
    if cursor.fetchone() is None:
        rows = con.execute(f"select {', '.join(TERRITORY_COLUMNS)} from territory").fetchall()
        psycopg2.extras.execute_values(
            cursor, f"insert into serving.territory ({', '.join(TERRITORY_COLUMNS)}) values %s", rows, page_size=5000
        )
    cursor.execute(
        "insert into serving.current_edition (edition) values (%s) "
        "on conflict (only_row) do update set edition = excluded.edition",
        (inputs.edition,),
    )
