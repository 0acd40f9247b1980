"""What rests on the rows of a delivery: files of the lake, sets that were made of them, and decisions on their records.

A set is made again without the delivery, so nothing is lost that still counts. Of a month whose extracts are past
their own term, everything that names a person goes.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl import ledger
from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.audit import audit_decision
from auyl.store.duck import literal
from auyl.store.lake import Lake
from auyl.store.postgres import publishing, transaction

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class MadeOf:
    """Files, sorted; paths of entity sets; periods whose contradictions rest on the delivery; keys of decided records
    that no other link has. `period` is that of a month that is closed: nothing of it is made again."""

    files: list[str]
    entity_sets: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)
    period: str | None = None


def made_of(settings: Settings, lake: Lake, delivery: ledger.Delivery, is_closing: bool) -> MadeOf:
    """What goes with a delivery. `is_closing`: with what is current of its month, which is not built any more."""
    batches, folders = ledger.made_of(settings, delivery.delivery_id, is_closing)
    files = lake.files(delivery.landing_path)
    for prefix in paths.made_of_delivery(delivery.registry, delivery.period, delivery.digest):
        files += [path for path in lake.files(paths.folder_of(prefix)) if path.startswith(prefix)]
    for folder in folders:
        files += lake.files(folder)
    handbacks = lake.files(paths.folder_of(paths.handback_file(delivery.registry, delivery.period, "")))
    files += [path for path in handbacks if _is_of(path, batches)]
    with closing(duck.connect(settings, lake)) as con:
        sets = _entity_sets(con, lake, delivery, is_closing)
        decided = _decided(con, settings, lake, {path for path in files if path.startswith(f"{paths.LINKAGE.name}/")})
    rows = ledger.contradiction_sets(settings, batches, delivery.period if is_closing else None)
    contradictions = {row["period"]: row["lake_path"] for row in rows}
    files += [path for path in (*sets, *contradictions.values()) if lake.exists(path)]
    return MadeOf(sorted(set(files)), sets, sorted(contradictions), decided, delivery.period if is_closing else None)


def erase_rows(settings: Settings, made: MadeOf, reason: str, decided_by: str) -> None:
    """Erase the rows of entity sets and decisions, before the files that tell of them. Again it changes nothing."""
    with transaction(settings) as con:
        con.execute(text("delete from ledger.entity_set where path = any(:paths)"), {"paths": made.entity_sets})
        if made.period is not None:
            con.execute(text("delete from vault.link_review where period = :period"), {"period": made.period})
        query = "delete from ledger.link_decision where record_key = any(cast(:keys as uuid[]))"
        if count := con.execute(text(query), {"keys": made.decided}).rowcount:
            audit_decision(con, "erase_decisions", f"{count} decisions on links", reason, decided_by)


def erase_contradictions(settings: Settings, made: MadeOf) -> None:
    """Erase the contradictions that rest on the delivery, after their files: their rows tell of these."""
    if made.contradictions:
        with publishing(settings) as con:
            query = "delete from serving.contradiction_set where period = any(:periods)"
            con.execute(text(query), {"periods": made.contradictions})


def _entity_sets(con: duckdb.DuckDBPyConnection, lake: Lake, delivery: ledger.Delivery, is_closing: bool) -> list[str]:
    """Paths of the entity sets with a claim from a delivery; of all of its month where that is closed."""
    prefix = literal(paths.batch_name(delivery.registry, delivery.period, delivery.digest, ""))
    found = []
    # Of an erasure that was cut short the ledger may name them no more.
    for path in lake.files(paths.ENTITY.name):
        period = paths.period_of_entities(path)
        if period < delivery.period:
            continue
        claims = f"read_parquet({literal(lake.address(path))})"
        ((has_claim,),) = con.execute(
            f"select count(*) > 0 from {claims} where starts_with(batch, {prefix}) "
            f"or len([o for o in others if starts_with(o.batch, {prefix})]) > 0"
        ).fetchall()
        if has_claim or (is_closing and period == delivery.period):
            found.append(path)
    return found


def _decided(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, going: set[str]) -> list[str]:
    """Keys of records that somebody has decided on and that stand in links that go, and in none that stay."""
    if not going:
        return []
    with transaction(settings) as connection:
        known = list(connection.execute(text("select distinct record_key::text from ledger.link_decision")).scalars())

    def records(files: list[str]) -> set[str]:
        if not files or not known:
            return set()
        rows = con.execute(
            f"select distinct record_key::varchar from read_parquet([{', '.join(map(literal, files))}], "
            f"union_by_name = true) where record_key::varchar in (select unnest(?))",
            [known],
        )
        return {row[0] for row in rows.fetchall()}

    of_links = [path for path in lake.files(paths.LINKAGE.name) if not paths.is_obsolete(path)]
    here, there = ([lake.address(p) for p in of_links if (p in going) == goes] for goes in (True, False))
    return sorted(records(here) - records(there))


def _is_of(path: str, batches: list[int]) -> bool:
    """Is this a hand-back of one of these batches? Those of refused extracts name none; open ones are written again."""
    stem = path.rpartition("/")[2].partition(".")[0]
    name = stem.rpartition("_")[2]
    return "_refused_" in stem or (name.isdecimal() and int(name) in batches)
