"""Measure: core tables become indicators by okrug, each with what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl.periods import last_day
from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.store import duck
from auyl.store.duck import literal

if TYPE_CHECKING:
    import duckdb


def measure(con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, inputs: SnapshotInputs) -> None:
    """Create `snapshot_value`: one row per okrug and indicator.

    The table `okrug` has the okrugs that are measured, `rejected` the rejected rows by place. Columns kato,
    indicator_id, value, numerator, denominator (decimal), flag, coverage_pct, as_of, rows_near and rows_elsewhere: rows
    that the value may lack, of the okrug and its district, and of no place (sql/snapshot/value.sql, coverage.sql).
    A value is missing, never zero, where a registry did not arrive, where the okrug is not in a registry that must name
    every okrug, where none of the rows that such a registry must have of it came, and where there is nothing to divide
    by.
    """
    con.execute("create or replace temp table measured (okrug_kato varchar, measure varchar, amount decimal(24, 6))")
    for theme in catalogue.themes:
        measures = [m for m in catalogue.measures.values() if m.theme == theme.id]
        if measures[0].registries[0] in inputs.missing:
            continue
        con.execute(f"create or replace temp table theme as {catalogue.sql[theme.id]}")
        for m in measures:
            # A sum over no row of its kind is null although the okrug has other rows; a count of them is zero.
            amount = f"coalesce(t.{m.name}, 0)" if theme.no_rows == "zero" and m.is_additive else f"t.{m.name}"
            con.execute(
                f"insert into measured select o.kato, {literal(m.id)}, {amount} "
                f"from okrug as o left join theme as t on o.kato = t.okrug_kato"
            )
    _entries(con, catalogue, inputs)
    sql = settings.include / "sql" / "snapshot"
    con.execute(
        "create or replace temp table coverage (registry varchar, okrug_kato varchar, covered_pct decimal(5, 1), "
        "near bigint, elsewhere bigint, placed_pct double)"
    )
    for table, (registry, *_) in catalogue.core.items():
        if registry not in inputs.missing:
            # A district without rows sent no report, and is not covered.
            must_report = any(t.no_rows == "missing" and m.table == table for t in catalogue.themes for m in t.measures)
            placed = duck.bind(
                duck.sql(sql / "coverage.sql"),
                table=table,
                registry=literal(registry),
                oblast=literal(settings.oblast_kato[:2]),
                without_rows="0" if must_report else "null",
            )
            con.execute(f"insert into coverage select {literal(registry)}, * from ({placed})")
    con.execute(f"create or replace temp table snapshot_value as {duck.sql(sql / 'value.sql')}")


def _entries(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, inputs: SnapshotInputs) -> None:
    con.execute(
        "create or replace temp table entry (indicator_id varchar, value_id varchar, per_id varchar, scale double, "
        "decimals integer, registries varchar[], as_of date, registry varchar, counts_rows boolean, "
        "partial_below_pct double)"
    )
    rows = []
    for theme in catalogue.themes:
        for i in theme.indicators:
            periods = [inputs.batches[r][-1].period for r in i.registries if r in inputs.batches]
            as_of = last_day(min(periods)) if periods else None
            per = i.per.id if i.per else None
            counts_rows = i.is_total and (theme.no_rows == "zero" or i.value.aggregate.startswith("count("))
            rows.append(
                (i.id, i.value.id, per, i.scale, i.decimals, i.registries, as_of, i.value.registries[0], counts_rows,
                 theme.partial_below_pct)
            )  # fmt: skip
    con.executemany(f"insert into entry values ({', '.join('?' * 10)})", rows)
