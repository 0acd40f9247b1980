"""The gate: the snapshot's own suite. After a breach the previous revision stays current."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl.periods import month_before
from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.stage.judge import judge
from auyl.store import duck
from auyl.store.postgres import transaction

if TYPE_CHECKING:
    import duckdb


def gate(con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, inputs: SnapshotInputs) -> list[str]:
    """The expectations of `expectations/snapshot.json` that the values breach, in words."""
    import pandas

    document = json.loads((settings.expectations / "snapshot.json").read_text(encoding="utf-8"))
    expectations = document["expectations"]
    values = con.execute(
        "select v.kato, v.indicator_id, v.value::double as value, "
        "case when i.unit = 'pct' then v.value::double end as value_pct, "
        "case when i.is_share then v.value::double end as share_pct, v.flag "
        "from snapshot_value as v inner join catalogue as i using (indicator_id)"
    ).df()
    breaches = judge("snapshot", [e for e in expectations if e["meta"]["level"] == "row"], values)
    cursor = con.execute(duck.sql(settings.include / "sql" / "snapshot" / "gate.sql"))
    names = [column[0] for column in cursor.description or []]
    outcome = dict(zip(names, cursor.fetchone() or (), strict=True))
    residents = outcome.pop("residents")
    if previous := previous_residents(settings, inputs.period):
        outcome["residents_to_previous"] = residents / previous
    frame = pandas.DataFrame([outcome]).dropna(axis="columns")
    return breaches + judge("snapshot", [e for e in expectations if e["meta"]["level"] == "batch"], frame)


def previous_residents(settings: Settings, period: str) -> float | None:
    """Sum of residents over okrugs in the current revision of this period, or of the one before it."""
    with transaction(settings) as con:
        residents = con.execute(
            text(
                "select sum(v.value) from serving.current_snapshot as f "
                "inner join serving.snapshot_value as v using (period, revision) "
                "where v.indicator_id = 'population.residents' and f.period in (:now, :before) "
                "group by f.period order by f.period desc limit 1"
            ),
            {"now": period, "before": month_before(period, 1)},
        ).scalar()
    return float(residents) if residents else None
