"""Storage: copies of the files, and tables in PostgreSQL by `DataFrame.to_sql`.

Measured on 20 thousand rows of 16 text columns, wall time in seconds on a busy machine, twice each: the default 5.8,
5.5; chunks of 10,000 rows 5.2, 4.8, of 1,000 4.7, 5.0; `method="multi"` in chunks of 100 22.1, 22.5, of 1,000 24.2,
23.1; psycopg2's `values_plus_batch` 5.5, 4.8; SQLAlchemy's pages of 5,000 5.6, 5.4, of 300 5.4, 3.8. Hence the default,
in chunks to limit memory. The recipe of the pandas manual, a `method` that uses COPY, takes 0.5: `--store copy`.
`--store parquet` writes raw, stage, quarantine, links and core tables as files, as `auyl build` does, and only the rest
by `to_sql`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, inspect, text

from bench.pandas_way.columns import NOT_STAGED, VAULT
from bench.pandas_way.judge import Batch
from bench.pandas_way.parts import part
from bench.pandas_way.places import PLACE

WAYS = ("sql", "copy", "parquet")
MAX_CATEGORIES, ROWS_PER_CATEGORY = 40, 10


@dataclass
class Landed:
    """One delivery: its files in the landing, their checksums, and the checksum of all."""

    registry: str
    period: str
    files: list[Path]
    sums: list[str]
    digest: str


def land(registry: str, period: str, files: list[Path], landing: Path) -> Landed:
    """Copy files below `landing`, into a folder named by the checksum of all, with a manifest."""
    incoming = landing / registry / period / "incoming"
    incoming.mkdir(parents=True)
    copies = [Path(shutil.copyfile(file, incoming / file.name)) for file in files]
    sums = []
    for copy in copies:
        with copy.open("rb") as stream:
            sums.append(hashlib.file_digest(stream, "sha256").hexdigest())
    digest = hashlib.sha256("\n".join(sorted(sums)).encode()).hexdigest()
    listed = [
        {"name": copy.name, "sha256": total, "bytes": copy.stat().st_size}
        for copy, total in zip(copies, sums, strict=True)
    ]
    manifest = {"registry": registry, "period": period, "digest": digest, "files": listed}
    (incoming / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    folder = incoming.rename(incoming.parent / digest[:16])
    return Landed(registry, period, [folder / copy.name for copy in copies], sums, digest)


class Store:
    """Tables of one database. `way` is one of WAYS; `folder` is for the files of `parquet`."""

    def __init__(self, engine: Engine, way: str, folder: Path) -> None:
        self.engine, self._method = engine, _by_copy if way == "copy" else None
        self._folder = folder if way == "parquet" else None

    def write(self, table: str, frame: pd.DataFrame, connection: Connection | None = None) -> None:
        """Append the rows of `frame` to `table`, which is created if necessary."""
        frame.to_sql(
            table, connection or self.engine, if_exists="append", index=False, chunksize=10_000, method=self._method
        )

    def save(self, table: str, frame: pd.DataFrame) -> None:
        """Store what only the pipeline reads: as a table, or as the file of that name."""
        if self._folder is None:
            self.write(table, frame)
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(self._folder / f"{table}.parquet", index=False)

    def raw(self, batch: Batch) -> None:
        """Store the unchanged rows."""
        self.save(f"raw_{batch.registry}", batch.raw.rows)

    def staged(self, batch: Batch) -> None:
        """Store typed rows without personal columns, and the quarantined rows with their reasons."""
        hidden = [*VAULT[batch.registry], *NOT_STAGED.get(batch.registry, ()), *PLACE]
        self.save(f"stage_{batch.registry}", batch.staged.drop(columns=hidden, errors="ignore"))
        self.save(f"quarantine_{batch.registry}", batch.quarantine)

    def delivered(self, landed: Landed) -> None:
        """Record a delivery in the ledger."""
        sizes = [file.stat().st_size for file in landed.files]
        key = {"registry": landed.registry, "period": landed.period, "digest": landed.digest}
        files = {"name": [file.name for file in landed.files], "sha256": landed.sums, "size_bytes": sizes}
        self.write("delivery_file", pd.DataFrame(files).assign(**key))
        row = key | {"files": len(sizes), "size_bytes": sum(sizes), "landing_path": str(landed.files[0].parent)}
        self.write("delivery", pd.DataFrame([row]).assign(arrived_at=datetime.now(UTC)))

    def accepted(self, batch: Batch, landed: Landed, columns: pd.DataFrame) -> None:
        """Record a batch in the ledger: the account, broken rules, its `profile`."""
        key = {"registry": batch.registry, "period": landed.period, "digest": landed.digest}
        self.write("batch_column", columns.assign(**key))
        self.write("rule_outcome", batch.failed.assign(**key))
        self.write("batch", pd.DataFrame([key | batch.account]).assign(accepted_at=datetime.now(UTC)))


def profile(batch: Batch) -> pd.DataFrame:
    """One row per column: name, filled cells, share of unreadable ones, and its values where there are few."""
    rows = []
    for name in batch.raw.columns:
        cells, read = batch.raw.rows[name], batch.typed[name]
        filled = int(cells.notna().sum())
        is_text = read.dtype == cells.dtype
        values: list[str] = []
        if is_text and name not in VAULT[batch.registry]:
            distinct = cells.dropna().unique()
            if len(distinct) <= min(MAX_CATEGORIES, len(cells) // ROWS_PER_CATEGORY):
                values = sorted({value.strip() for value in distinct})
        unreadable = None if is_text or not filled else 1 - read.notna().sum() / filled
        rows.append((name, filled, unreadable, "; ".join(values) or None))
    return pd.DataFrame(rows, columns=["name", "filled", "share_unreadable", "categories"])


@dataclass
class Revision:
    """A publication of a period: persons of the vault, values, tables by settlement, and their batches."""

    period: str
    persons: pd.DataFrame
    values: pd.DataFrame
    settlements: dict[str, pd.DataFrame]
    batches: list[Batch]


def previous_residents(store: Store, period: str) -> float | None:
    """Residents in the current revision, or None where there is none."""
    if not inspect(store.engine).has_table("current_snapshot"):
        return None
    query = text(
        "select sum(value) from snapshot_value inner join current_snapshot using (period, revision) "
        "where period = :period and indicator_id = 'population.residents'"
    )
    with store.engine.connect() as connection:
        return connection.execute(query, {"period": period}).scalar()


def publish(store: Store, revision: Revision) -> int:
    """Write a revision and make it current in one transaction; returns its number."""
    has_previous = inspect(store.engine).has_table("snapshot")
    key: dict[str, Any] = {"period": revision.period, "revision": 1}
    with store.engine.begin() as connection:
        if has_previous:
            last = text("select coalesce(max(revision), 0) + 1 from snapshot where period = :period")
            key["revision"] = connection.execute(last, {"period": revision.period}).scalar_one()
        with part("store persons"):
            store.write("person_incoming", revision.persons, connection)
            connection.execute(text("alter table person_incoming add primary key (person_key)"))
        with part("store snapshot"):
            content = hashlib.sha256(revision.values.to_csv(index=False).encode()).hexdigest()
            head = pd.DataFrame([key | {"content_sha256": content, "published_at": datetime.now(UTC)}])
            store.write("snapshot", head, connection)
            store.write("snapshot_value", revision.values.assign(**key), connection)
            for table, rows in revision.settlements.items():
                store.write(table, rows.assign(**key), connection)
            sources = [key | {"registry": b.registry, "rows_staged": b.account["staged"]} for b in revision.batches]
            store.write("snapshot_source", pd.DataFrame(sources), connection)
            if has_previous:
                delete = text("delete from current_snapshot where period = :period")
                connection.execute(delete, {"period": revision.period})
            store.write("current_snapshot", pd.DataFrame([key]), connection)
            connection.execute(text("drop table if exists person; alter table person_incoming rename to person"))
    return int(key["revision"])


def write_lean(store: Store, table: str, rows: pd.DataFrame, primary_key: str | None = None) -> None:
    """Replace a table."""
    with store.engine.begin() as connection:
        connection.execute(text(f"drop table if exists {table}"))
        store.write(table, rows, connection)
        if primary_key:
            connection.execute(text(f"alter table {table} add primary key ({primary_key})"))


def _by_copy(table: Any, connection: Any, keys: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """The recipe of the pandas manual: "Insertion method" in its user guide on SQL queries."""
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    stream.seek(0)
    columns = ", ".join(f'"{key}"' for key in keys)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f'copy "{table.name}" ({columns}) from stdin with csv', stream)
