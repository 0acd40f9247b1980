"""Measure: core tables become indicators by okrug, each with what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl.periods import last_day
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import Inputs
from auyl.store.duck import literal

if TYPE_CHECKING:
    import duckdb


def measure(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, inputs: Inputs) -> None:
    """Create `snapshot_value`: one row an okrug and indicator.

    `okrug` names the okrugs that are told. Columns kato, indicator_id, value, numerator, denominator (decimal), flag,
    coverage_pct, as_of. A value is missing, never nought, where a registry did not come, where the okrug is not in a
    registry that must name every okrug, and where there is nothing to divide by.
    """
    con.execute("create or replace temp table measured (okrug_kato varchar, measure varchar, amount double)")
    for theme in catalogue.themes:
        measures = [m for m in catalogue.measures.values() if m.theme == theme.id]
        if measures[0].registries[0] in inputs.missing:
            continue
        con.execute(f"create or replace temp table theme as {catalogue.sql[theme.id]}")
        for m in measures:
            without_rows = "0" if theme.no_rows == "zero" and m.is_additive else "null"
            # A sum over no row of its kind is null although the okrug has other rows.
            with_rows = f"coalesce(t.{m.name}, 0)" if m.is_additive else f"t.{m.name}"
            amount = f"case when t.okrug_kato is null then {without_rows} else {with_rows} end"
            con.execute(
                f"insert into measured select o.kato, {literal(m.id)}, {amount} "
                f"from okrug as o left join theme as t on o.kato = t.okrug_kato"
            )
    _coverage(con, catalogue, inputs)
    _entries(con, catalogue, inputs)
    con.execute(
        """
        create or replace temp table snapshot_value as
        with parts as (
            select
                o.kato,
                e.*,
                v.amount as value_amount,
                p.amount as per_amount,
                (
                    select min(c.placed_pct) from coverage as c
                    where c.district_kato = o.district_kato and list_contains(e.registries, c.registry)
                ) as coverage_pct
            from okrug as o
            cross join entry as e
            left join measured as v on o.kato = v.okrug_kato and e.value_id = v.measure
            left join measured as p on o.kato = p.okrug_kato and e.per_id = p.measure
        )

        select
            kato,
            indicator_id,
            round(
                value_amount * scale / case when per_id is null then 1 else nullif(per_amount, 0) end,
                decimals
            )::decimal(18, 4) as value,
            round(value_amount, 4)::decimal(18, 4) as numerator,
            round(per_amount, 4)::decimal(18, 4) as denominator,
            case when value is null then 'missing' else 'ok' end as flag,
            round(coverage_pct, 1)::decimal(5, 1) as coverage_pct,
            as_of
        from parts
        order by kato, indicator_id
        """
    )


def _coverage(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, inputs: Inputs) -> None:
    """Share of the rows of a district that are placed in an okrug. Rows of no district lower every district's share."""
    con.execute("create or replace temp table coverage (registry varchar, district_kato varchar, placed_pct double)")
    for table, registries in catalogue.core.items():
        if registries[0] in inputs.missing:
            continue
        con.execute(
            f"insert into coverage with known as (select district_kato, count(*) as n, count(okrug_kato) as placed "
            f"from {table} where district_kato is not null group by all), "
            f"lost as (select count(*) filter (where district_kato is null) / count(*) as share from {table}) "
            f"select {literal(registries[0])}, district_kato, 100 * placed / n * (1 - share) from known, lost"
        )


def _entries(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, inputs: Inputs) -> None:
    con.execute(
        "create or replace temp table entry (indicator_id varchar, value_id varchar, per_id varchar, scale double, "
        "decimals integer, registries varchar[], as_of date)"
    )
    rows = []
    for i in catalogue.indicators:
        came = [inputs.batches[r][-1].period for r in i.registries if r in inputs.batches]
        as_of = last_day(min(came)) if came else None
        rows.append((i.id, i.value.id, i.per.id if i.per else None, i.scale, i.decimals, i.registries, as_of))
    con.executemany("insert into entry values (?, ?, ?, ?, ?, ?, ?)", rows)
