"""Change: every indicator against the current revision, so that a wrong file is seen by what it does to the numbers.

Places that had a value and have none are counted out of all okrugs that are expected; a count or sum is compared by its
sum over the oblast, another value by its median. What is too much is said by the theme (`gate` of its YAML), widened by
what the indicator itself has done from month to month. A real change is accepted by a person, with a reason.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from auyl import ledger
from auyl.periods import month_before
from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue, GateLimits
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.snapshot.indicator import Indicator
from auyl.store import duck
from auyl.store.postgres import transaction

if TYPE_CHECKING:
    import duckdb

# What an indicator did from month to month widens its limit by half, and to three times that limit at most.
HISTORY_MONTHS, HISTORY_FACTOR, WIDEST = 12, 1.5, 3
Figures = dict[str, dict[str, Any]]


def changes(
    con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, inputs: SnapshotInputs
) -> list[str]:
    """What changed too much since the current revision of the period, or else of the month before, in words.

    Indicators of a registry that did not arrive are left out: the revision says that it is missing.
    """
    before = ledger.current_revision(settings, inputs.period)
    if before is None:
        before = ledger.current_revision(settings, month_before(inputs.period, 1))
    if before is None:
        return []
    figures = _figures(con, settings, before)
    history = _history(settings, inputs.period)
    known = {i.id: (i, theme.gate) for theme in catalogue.themes for i in theme.indicators}
    missing = set(inputs.missing)
    found = []
    for indicator_id, figure in figures.items():
        if indicator_id not in known:
            if figure["had"]:
                found.append(f"{indicator_id}: expected in the catalogue, found {figure['had']} okrugs that lose it")
            continue
        indicator, limits = known[indicator_id]
        if missing & set(indicator.registries) or not figure["had"]:
            continue
        found += _lost(indicator, limits, figure)
        found += _moved(indicator, limits, figure, history.get(indicator_id, []), before, inputs.period)
    return found


def _figures(con: duckdb.DuckDBPyConnection, settings: Settings, before: ledger.Revision) -> Figures:
    """By indicator: expected, had, has, lost, gained, and sum and median before and now (sql/snapshot/change.sql)."""
    import pandas

    with transaction(settings) as connection:
        rows = connection.execute(
            text(
                "select kato, indicator_id, value::float, numerator::float, denominator::float "
                "from serving.snapshot_value where period = :period and revision = :revision and level = 'okrug'"
            ),
            {"period": before.period, "revision": before.revision},
        ).all()
    columns = ["kato", "indicator_id", "value", "numerator", "denominator"]
    con.register("previous_frame", pandas.DataFrame(rows, columns=columns))
    try:
        cursor = con.execute(duck.sql(settings.include / "sql" / "snapshot" / "change.sql"))
        names = [column[0] for column in cursor.description or []]
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    finally:
        con.unregister("previous_frame")


def _history(settings: Settings, period: str) -> dict[str, list[dict[str, Any]]]:
    """period, sum and median of each indicator in the current revisions of earlier months, oldest first."""
    with transaction(settings) as connection:
        rows = connection.execute(
            text(
                "select v.indicator_id, f.period, sum(v.value)::float as sum, "
                "percentile_cont(0.5) within group (order by v.value::float) as median "
                "from serving.current_snapshot as f inner join serving.snapshot_value as v using (period, revision) "
                "where f.period >= :first and f.period < :period and v.value is not null and v.level = 'okrug' "
                "group by f.period, v.indicator_id order by f.period"
            ),
            {"first": month_before(period, HISTORY_MONTHS), "period": period},
        ).mappings()
        history: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            history.setdefault(row["indicator_id"], []).append(dict(row))
    return history


def _lost(indicator: Indicator, limits: GateLimits, figure: dict[str, Any]) -> list[str]:
    # Few calls or animals are there in one month and not in the next: places come and go.
    lost = figure["lost"] if indicator.is_total or indicator.per else max(0, figure["lost"] - figure["gained"])
    allowed = int(figure["expected"] * limits.lost_pct / 100)
    if lost <= allowed:
        return []
    return [
        f"{_name(indicator)}: expected at most {allowed} of {figure['expected']} okrugs to lose their value, found "
        f"{lost}: {figure['had']} had one, {figure['has']} have one now"
    ]


def _moved(
    indicator: Indicator,
    limits: GateLimits,
    figure: dict[str, Any],
    history: list[dict[str, Any]],
    before: ledger.Revision,
    period: str,
) -> list[str]:
    what = "sum" if indicator.is_total else "median"
    now = figure[f"{what}_now"]
    if now is None:
        return []

    def pace(of: str) -> int:
        """Months that an amount since January is made of."""
        return int(of[-2:]) if limits.year_to_date and indicator.unit.id != "pct" else 1

    was = figure[f"{what}_before"] * pace(period) / pace(before.period)
    months = [row[what] / pace(row["period"]) for row in history]
    steps = [abs(after / former - 1) for former, after in pairwise(months) if former]
    limit = limits.change_pct / 100
    share = min(max(limit, HISTORY_FACTOR * max(steps, default=0)), WIDEST * limit)
    # The numbers of one month are chance as well: of a count about its square root, of a rate some units.
    by_share = share * abs(was)
    allowed = by_share + 4 * sqrt(abs(was)) if indicator.is_total else max(by_share, limits.floor)
    if abs(now - was) <= allowed:
        return []
    percent = f" ({100 * (now - was) / was:+.0f}%)" if was else ""
    was_words, now_words = (f"{value:,.{indicator.decimals}f}" for value in (was, now))
    return [
        f"{_name(indicator)}: expected the {what} to change by at most {share * 100:.0f}% since {before.period} "
        f"revision {before.revision}, found {was_words} then and {now_words} now{percent}"
    ]


def _name(indicator: Indicator) -> str:
    return f"{indicator.id} «{indicator.names['ru']}»"
