"""The gate: the snapshot's own suite. After a breach the previous revision stays current."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue
from auyl.stage.judge import judge
from auyl.store import duck

if TYPE_CHECKING:
    import duckdb

# What the row rules of the suite judge.
VALUES = (
    "select v.kato, v.level, v.indicator_id, greatest(i.least - v.value::double, 0) as below_bounds, "
    "greatest(v.value::double - i.most, 0) as above_bounds, "
    "case when i.unit = 'pct' then v.value::double end as value_pct, v.flag "
    "from snapshot_value as v inner join catalogue as i using (indicator_id)"
)


def catalogue_table(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Create `catalogue`: indicator_id, unit, and the least and the most that a value can be."""
    con.execute(
        "create or replace temp table catalogue (indicator_id varchar, unit varchar, least double, most double)"
    )
    con.executemany(
        "insert into catalogue values (?, ?, ?, ?)", [(i.id, i.unit.id, *i.bounds) for i in catalogue.indicators]
    )


def gate(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """The expectations of `expectations/snapshot.json` that the values breach, in words."""
    import pandas

    document = json.loads((settings.expectations / "snapshot.json").read_text(encoding="utf-8"))
    expectations = document["expectations"]
    values = con.execute(VALUES).df()
    breaches = judge("snapshot", [e for e in expectations if e["meta"]["level"] == "row"], values)
    cursor = con.execute(duck.sql(settings.include / "sql" / "snapshot" / "gate.sql"))
    names = [column[0] for column in cursor.description or []]
    (row,) = cursor.fetchall()
    outcome = dict(zip(names, row, strict=True))
    frame = pandas.DataFrame([outcome]).dropna(axis="columns")
    return breaches + judge("snapshot", [e for e in expectations if e["meta"]["level"] == "batch"], frame)
