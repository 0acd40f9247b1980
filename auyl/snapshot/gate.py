"""The gate: the snapshot's own suite. A breach leaves the former current revision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl.periods import month_before
from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import Inputs
from auyl.stage.judge import judge
from auyl.store.postgres import transaction

if TYPE_CHECKING:
    import duckdb


def gate(con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, inputs: Inputs) -> list[str]:
    """What of `expectations/snapshot.json` the values breach, in words."""
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
    outcome = {
        **_share(con, "select count(*) filter (flag = 'missing') / count(*) as share_missing from snapshot_value"),
        **_share(
            con,
            "select count(*) filter (value is null or value = 0) / count(*) as share_okrugs_without_residents "
            "from snapshot_value where indicator_id = 'population.residents'",
        ),
        **_share(con, "select min(placed_pct) as population_placed_pct from coverage where registry = 'population'"),
        **_share(
            con,
            "select count(distinct kato) / (select count(*) from okrug) as okrugs_of_expected, count(distinct "
            "indicator_id) / (select count(*) from catalogue) as indicators_of_catalogue from snapshot_value",
        ),
    }
    former = former_residents(settings, inputs.period)
    if former:
        now = con.execute(
            "select sum(value) from snapshot_value where indicator_id = 'population.residents'"
        ).fetchone()
        outcome["residents_to_former"] = float(now[0] or 0) / former if now else 0.0
    frame = pandas.DataFrame([outcome]).dropna(axis="columns")
    return breaches + judge("snapshot", [e for e in expectations if e["meta"]["level"] == "batch"], frame)


def _share(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, float | None]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description or []]
    row = cursor.fetchone() or ()
    return {name: None if v is None else float(v) for name, v in zip(names, row, strict=True)}


def former_residents(settings: Settings, period: str) -> float | None:
    """Sum of residents over okrugs in the current revision of this period, or of the one before it."""
    with transaction(settings) as con:
        found = con.execute(
            text(
                "select sum(v.value) from serving.current_snapshot as f "
                "inner join serving.snapshot_value as v using (period, revision) "
                "where v.indicator_id = 'population.residents' and f.period in (:now, :before) "
                "group by f.period order by f.period desc limit 1"
            ),
            {"now": period, "before": month_before(period, 1)},
        ).scalar()
    return float(found) if found else None
