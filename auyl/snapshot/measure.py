"""Measure: core tables become indicators by place, each with what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl.periods import last_day
from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue, Theme
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.snapshot.indicator import Measure
from auyl.store import duck
from auyl.store.duck import literal

if TYPE_CHECKING:
    import duckdb


# One scan measures the places of every level: what a theme's SQL selects, and what it groups by. Rows of no district
# are of the oblast; those of another one are a group that is no place of this one.
_OBLAST = "coalesce(left(district_kato, 2), {oblast})"
AREA = (
    f"coalesce(settlement_kato, okrug_kato, district_kato, rpad({_OBLAST}, 9, '0')) as area_kato, "
    "area_level(grouping(settlement_kato, okrug_kato, district_kato)) as level"
)
LEVELS = f"grouping sets ((settlement_kato), (okrug_kato), (district_kato), ({_OBLAST}))"


def measure(con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, inputs: SnapshotInputs) -> None:
    """Create `snapshot_value`: one row per place and indicator.

    The table `area` has the places that are measured (sql/snapshot/area.sql), `rejected` the rejected rows by place.
    Columns kato, level, indicator_id, value, lower, upper (interval of 95 %), numerator, denominator (decimal), flag,
    coverage_pct, as_of, rows_near and rows_elsewhere: rows that the value may lack, of the place and those around it,
    and of no place (sql/snapshot/value.sql, coverage.sql). A value is missing, never zero, where a registry did not
    arrive, where the okrug is not in a registry that must name every okrug, where none of the rows that such a registry
    must have of it came, and where there is nothing to divide by.
    """
    con.execute(
        "create or replace temp table measured (kato varchar, level varchar, measure varchar, amount decimal(24, 6), "
        "lower decimal(24, 6), upper decimal(24, 6))"
    )
    sql = settings.include / "sql" / "snapshot"
    for theme in catalogue.themes:
        measures = [m for m in catalogue.measures.values() if m.theme == theme.id]
        if measures[0].registries[0] not in inputs.missing:
            _measure_theme(con, settings, catalogue, theme, measures)
    if additive := [literal(m.id) for m in catalogue.measures.values() if m.is_additive]:
        rest = duck.bind(duck.sql(sql / "measured_rest.sql"), measures=", ".join(additive))
        con.execute(f"insert into measured by name {rest}")
    _entries(con, catalogue, inputs)
    _coverage(con, settings, catalogue, inputs)
    value = duck.bind(duck.sql(sql / "value.sql"), oblast=literal(settings.oblast_kato))
    con.execute(f"create or replace temp table snapshot_value as {value}")


def _measure_theme(
    con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, theme: Theme, measures: list[Measure]
) -> None:
    con.execute(f"create or replace temp table theme as {by_place(settings, catalogue.sql[theme.id], measures)}")
    # A sum over no row of its kind is null although the place has other rows; a count of them is zero.
    amounts = [
        f"coalesce(t.{m.name}, 0)" if theme.no_rows == "zero" and m.is_zero_without_rows else f"t.{m.name}"
        for m in measures
    ]
    rows = ", ".join(
        f"{{'measure': {literal(m.id)}, 'amount': ({amount})::decimal(24, 6), {_limits(m)}}}"
        for m, amount in zip(measures, amounts, strict=True)
    )
    con.execute(
        f"insert into measured select a.kato, a.level, unnest(a.m) from (select a.kato, a.level, "
        f"unnest([{rows}]) as m from area as a left join theme as t on a.kato = t.area_kato and a.level = t.level "
        "where not ends_with(a.level, '_rest')) as a"
    )


def by_place(settings: Settings, sql: str, measures: list[Measure]) -> str:
    """The SQL of a theme: its measures by place (area_kato, level), beside a median the sorted values of it."""
    oblast = literal(settings.oblast_kato[:2])
    area = AREA.format(oblast=oblast)
    for m in measures:
        if m.median_of:
            area += f", list_sort(list({m.median_of}) filter (where {m.condition})) as _{m.name}"
    return duck.bind(sql, area=area, levels=LEVELS.format(oblast=oblast))


def _limits(measure: Measure) -> str:
    limits = [f"median_limit(t._{measure.name}, {side})" if measure.median_of else "null" for side in (-1, 1)]
    return f"'lower': ({limits[0]})::decimal(24, 6), 'upper': ({limits[1]})::decimal(24, 6)"


def _coverage(con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, inputs: SnapshotInputs) -> None:
    con.execute(
        "create or replace temp table coverage (registry varchar, kato varchar, level varchar, "
        "covered_pct decimal(5, 1), near bigint, elsewhere bigint, placed_pct double)"
    )
    for table, (registry, *_) in catalogue.core.items():
        if registry not in inputs.missing:
            # A district without rows sent no report, and is not covered.
            must_report = any(t.no_rows == "missing" and m.table == table for t in catalogue.themes for m in t.measures)
            placed = duck.bind(
                duck.sql(settings.include / "sql" / "snapshot" / "coverage.sql"),
                table=table,
                registry=literal(registry),
                oblast=literal(settings.oblast_kato),
                without_rows="0" if must_report else "null",
            )
            con.execute(f"insert into coverage select {literal(registry)}, * from ({placed})")


def _entries(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, inputs: SnapshotInputs) -> None:
    con.execute(
        "create or replace temp table entry (indicator_id varchar, kind varchar, value_id varchar, per_id varchar, "
        "scale double, decimals integer, is_by_settlement boolean, is_additive boolean, is_reported_by_okrug boolean, "
        "registries varchar[], as_of date, registry varchar, counts_rows boolean, partial_below_pct double)"
    )
    rows = []
    for theme in catalogue.themes:
        for i in theme.indicators:
            periods = [inputs.batches[r][-1].period for r in i.registries if r in inputs.batches]
            as_of = last_day(min(periods)) if periods else None
            is_additive = all(m.is_additive for m in i.measures) and not (i.per and theme.is_reported_by_okrug)
            counts_rows = i.is_total and (theme.no_rows == "zero" or i.value.aggregate.startswith("count("))
            rows.append(
                (
                    i.id, i.kind, i.value.id, i.per.id if i.per else None, i.scale, i.decimals,
                    i.grain == "settlement", is_additive, theme.is_reported_by_okrug, i.registries, as_of,
                    i.value.registries[0], counts_rows, theme.partial_below_pct,
                )
            )  # fmt: skip
    con.executemany(f"insert into entry values ({', '.join('?' * 14)})", rows)
