"""Contradictions: where the registries current for a period disagree, with both values, files and records.

A period's set is computed whole and replaces the previous one. `serving.contradiction_history` derives from the sets
what opens and closes, so periods can be computed in any order.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from auyl import contracts, ledger
from auyl.linkage.contradictions import catalogue
from auyl.linkage.contradictions.catalogue import ContradictionType
from auyl.periods import last_day, month_before
from auyl.settings import Settings, from_environment
from auyl.stage import inputs
from auyl.stage.current import stage_view
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.copy import copy_query
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake
from auyl.store.locks import CONTRADICTIONS, lock
from auyl.store.postgres import driver_cursor, publishing, transaction
from auyl.territory.resolver import (
    CLAIM_ROLES,
    claim_key,
    current_edition,
    open_territory,
    resolve,
    resolver_rules,
)

if TYPE_CHECKING:
    import duckdb

# These extracts hold the events of one month: an act of January still contradicts in October.
HISTORY_MONTHS = {"civil_acts": 12, "veterinary_events": 12}

# The columns that the SQL of every type returns, with the types they are stored in.
COLUMNS = {
    "subject_kind": "varchar", "subject_key": "varchar", "okrug_kato": "varchar",
    "left_file": "varchar", "left_record": "bigint", "left_value": "varchar", "left_date": "date",
    "right_file": "varchar", "right_record": "bigint", "right_value": "varchar", "right_date": "date",
    "people": "bigint", "tenge": "decimal(18, 2)", "affected": "decimal(18, 4)",
}  # fmt: skip


@dataclass(frozen=True)
class ContradictionInputs:
    """What a set rests on: the catalogue, the current batches, the registries without any, the edition of KATO."""

    period: str
    types: tuple[ContradictionType, ...]
    batches: inputs.Batches
    missing: tuple[str, ...]
    edition: str
    digest: str

    @property
    def judged(self) -> tuple[ContradictionType, ...]:
        """The types whose registries are all current."""
        return tuple(one for one in self.types if not set(one.registries) & set(self.missing))

    @property
    def blind(self) -> tuple[ContradictionType, ...]:
        """The types that lack a registry."""
        return tuple(one for one in self.types if set(one.registries) & set(self.missing))


@dataclass(frozen=True)
class ContradictionResult:
    """The outcome for a period's set: computed or unchanged. `counts` is by type, zero included."""

    period: str
    status: str
    counts: dict[str, int]
    blind: tuple[str, ...]
    path: str


def gather(settings: Settings, lake: Lake, period: str) -> ContradictionInputs:
    """The current batches that the types rest on, for `HISTORY_MONTHS` those of earlier periods too.

    Raises TerritoryMissing.
    """
    types = catalogue.load(settings.include)
    registries = sorted({registry for one in types for registry in one.registries})
    without = ledger.rolled_back_batches(settings, period)
    batches, missing = inputs.current_batches(settings, registries, period, without)
    for registry, months in HISTORY_MONTHS.items():
        if registry in batches:
            earlier = [
                ledger.current_batches(settings, registry, month_before(period, n)) for n in range(months - 1, 0, -1)
            ]
            batches[registry] = [batch for month in earlier for batch in month] + batches[registry]
    edition = current_edition(settings, lake)
    sql = settings.include / "sql"
    rules = [p for folder in ("macros", "contradictions") for p in sorted((sql / folder).rglob("*.sql"))]
    rules += resolver_rules(settings.include) + sorted((settings.include / "contradictions").iterdir())
    digest = inputs.digest(settings, lake, batches, edition, rules)
    return ContradictionInputs(period, types, batches, tuple(missing), edition, digest)


def compute(period: str, settings: Settings | None = None) -> ContradictionResult:
    """Compute the set of `period`, write it to the lake and replace the period's previous set.

    The same inputs again change nothing. Raises TerritoryMissing.
    """
    settings = settings or from_environment()
    lake = lake_of(settings)
    with lock(settings, CONTRADICTIONS, period):
        given = gather(settings, lake, period)
        path = paths.contradiction_file(period, given.digest)
        blind = tuple(one.id for one in given.blind)
        if _current_digest(settings, period) == given.digest and lake.exists(path):
            return ContradictionResult(period, "unchanged", _stored_counts(settings, given), blind, path)
        with closing(duck.connect(settings, lake)) as con:
            define(con, settings, lake, given)
            counts = {one.id: find(con, one) for one in given.judged}
            lake.prepare(paths.folder_of(path))
            ordered = "from contradiction order by type_id, subject_kind, subject_key"
            duck.write_parquet(con, ordered, lake.address(path), "format parquet, compression snappy")
            _publish(con, settings, given, path, sum(counts.values()))
    return ContradictionResult(period, "computed", counts, blind, path)


def outdated(settings: Settings) -> list[str]:
    """Periods whose current batches, or rules, are no longer those of their set; oldest first."""
    lake = lake_of(settings)
    return [
        p for p in inputs.open_periods(settings) if gather(settings, lake, p).digest != _current_digest(settings, p)
    ]


def define(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, given: ContradictionInputs) -> None:
    """Create what the SQL of the types reads: `stage_<registry>`, `placed_<registry>` and the variables of the period.

    placed_<registry>: the columns of stage and okrug_kato, and settlement_kato if stage has none.
    Also creates the empty table `contradiction`, see `empty_set`.
    """
    con.execute(f"set variable period_begin = date {literal(given.period + '-01')}")
    con.execute(f"set variable period_end = date {literal(last_day(given.period).isoformat())}")
    open_territory(con, settings, lake, given.edition)
    claims = []
    for registry, batches in sorted(given.batches.items()):
        contract = contracts.load(registry, settings.include)
        # Months of events are folded like changes: the newest row of a key counts.
        folded = replace(contract, is_delta=True) if registry in HISTORY_MONTHS else contract
        claims.append((contract, stage_view(con, settings, lake, folded, batches)))
    resolve(con, settings, claims)
    for contract, relation in claims:
        if set(contract.place) & set(CLAIM_ROLES):
            con.execute(
                f"create or replace temp view placed_{contract.registry} as "
                f"select s.*, l.okrug_kato, l.settlement_kato from {relation} as s "
                f"left join place as l on {claim_key(contract, 's.')} = l._key"
            )
    empty_set(con)


def empty_set(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table `contradiction` without rows: type_id, owner_registry and `COLUMNS`."""
    columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in COLUMNS.items())
    con.execute(f"create or replace temp table contradiction (type_id varchar, owner_registry varchar, {columns})")


def find(con: duckdb.DuckDBPyConnection, one: ContradictionType) -> int:
    """Add the contradictions of a type to the table `contradiction`; return how many.

    If several rows of a side concern one subject, the first by file and record counts.
    """
    cast = ", ".join(f"{identifier(name)}::{kind}" for name, kind in COLUMNS.items())
    ((count,),) = con.execute(
        f"insert into contradiction select {literal(one.id)}, {literal(one.owner)}, {cast} from ({one.sql}) "
        f"qualify row_number() over (partition by subject_kind, subject_key "
        f"order by left_file, left_record, right_file, right_record) = 1"
    ).fetchall()
    return int(count)


def _current_digest(settings: Settings, period: str) -> str | None:
    with transaction(settings) as con:
        return con.execute(
            text("select inputs_digest from serving.contradiction_set where period = :p"), {"p": period}
        ).scalar()


def _stored_counts(settings: Settings, given: ContradictionInputs) -> dict[str, int]:
    with transaction(settings) as con:
        rows = con.execute(
            text("select type_id, count(*) from serving.contradiction where period = :p group by 1"),
            {"p": given.period},
        )
        counts = {row[0]: int(row[1]) for row in rows}
    return {one.id: counts.get(one.id, 0) for one in given.judged}


def _publish(
    con: duckdb.DuckDBPyConnection, settings: Settings, given: ContradictionInputs, path: str, count: int
) -> None:
    """Replace the period's previous set, in one transaction."""
    names = ("type_id", "owner_registry", *COLUMNS)
    query = f"select {literal(given.period)}, {', '.join(names)} from contradiction"
    with publishing(settings) as connection:
        _write_head(connection, given, path, count)
        # COPY does not work on a table with row-level security.
        columns = ", ".join(("period", *names))
        connection.exec_driver_sql(
            f"create temp table incoming on commit drop as select {columns} from serving.contradiction limit 0"
        )
        copy_query(con, query, driver_cursor(connection), "incoming", ("period", *names), settings)
        connection.exec_driver_sql(f"insert into serving.contradiction ({columns}) select {columns} from incoming")
        connection.exec_driver_sql("drop table incoming")


def _write_head(con: Connection, given: ContradictionInputs, path: str, count: int) -> None:
    """Delete the period's previous set; write what the new one rests on, and the catalogue."""
    con.execute(text("delete from serving.contradiction_set where period = :p"), {"p": given.period})
    con.execute(
        text(
            "insert into serving.contradiction_set (period, inputs_digest, edition, lake_path, contradictions) "
            "values (:period, :digest, :edition, :path, :count)"
        ),
        {"period": given.period, "digest": given.digest, "edition": given.edition, "path": path, "count": count},
    )
    _insert(con, "contradiction_judged", [(given.period, one.id) for one in given.judged])
    _insert(
        con,
        "contradiction_source",
        [(given.period, registry, b.batch_id) for registry, batches in given.batches.items() for b in batches],
    )
    # Two periods computed at the same time write the same rows; the lock makes the second wait.
    con.execute(text("lock table serving.contradiction_type in exclusive mode"))
    con.execute(text("delete from serving.contradiction_type"))
    _insert(
        con,
        "contradiction_type",
        [
            (t.id, position, t.names["kk"], t.names["ru"], t.names["en"], t.owner, t.left.registry, t.right.registry,
             t.severity, t.affected)
            for position, t in enumerate(given.types, 1)
        ],
    )  # fmt: skip


def _insert(con: Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows with all columns of a table of `serving`, in its order."""
    if rows:
        marks = ", ".join(["%s"] * len(rows[0]))
        driver_cursor(con).executemany(f"insert into serving.{table} values ({marks})", rows)
