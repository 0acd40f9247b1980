"""Reading a period whole: what a registry of changes is asked for once more at its deadline, and what that finds.

A watermark does not see deleted rows, rows that moved to another month, changes that left it alone, and rows that were
committed later than `overlapMinutes` after their time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from auyl import ledger
from auyl.contracts import Contract
from auyl.contracts.options import SqlOptions
from auyl.intake.drift import Drift
from auyl.intake.overdue import due_on
from auyl.periods import LOCAL
from auyl.settings import Settings
from auyl.stage.current import stage_view
from auyl.store import duck
from auyl.store.binding import lake_of
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb


def is_due(settings: Settings, contract: Contract, period: str, now: datetime) -> bool:
    """Must the next pull read the whole period? From its last scheduled pull before the deadline on, once."""
    if not contract.is_delta or contract.way != "sql":
        return False
    deadline = datetime.combine(due_on(contract, period) + timedelta(days=1), time(), tzinfo=LOCAL)
    begins = deadline - timedelta(hours=1 if contract.is_hourly else 24)
    last = ledger.last_whole(settings, contract.registry, period)
    return now >= begins and (last is None or last < begins)


def differences(
    con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract, delivery: ledger.Delivery
) -> list[Drift]:
    """What a whole reading, whose rows are the table `scan`, finds that earlier pulls of its period do not show."""
    before = ledger.current_batches(settings, contract.registry, delivery.period, is_delta=True)
    if not delivery.is_whole or not before:
        return []
    view = stage_view(con, settings, lake_of(settings), contract, before, with_address=True)
    keys = ", ".join(map(identifier, contract.keys))
    equal = _equal(contract.keys)
    same = _equal(sorted(_names(con, view) & _names(con, "scan")))
    hidden = _hidden(settings, contract, delivery)
    queries = {
        "gone": f"from {view} as b where not exists (from scan as s where {equal})",
        "late": f"from (select distinct {keys} from scan as s where {hidden}) as s "
        f"where not exists (from {view} as b where {equal})",
        "changed": f"from {view} as b where exists (from scan as s where {equal} and {hidden}) "
        f"and not exists (from scan as s where {equal} and {same})",
    }
    found = {
        "gone": "deleted, or in another month now",
        "late": "with an earlier time than their commit",
        "changed": "changed without a later time",
    }
    drifts = []
    for kind, query in queries.items():
        ((rows,),) = con.execute(f"select count(*) {query}").fetchall()
        if rows:
            drifts.append(Drift(f"rows_{kind}", None, "what earlier pulls gave", f"{rows} rows {found[kind]}"))
    return drifts


def moved(
    con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract, delivery: ledger.Delivery, staged: str
) -> list[Drift]:
    """The periods whose current rows have keys that are in `staged`, the stage of this delivery in the lake, as well.

    A record belongs to one period. The extract that was made later counts, see `auyl.stage.current`.
    """
    if not contract.is_delta:
        return []
    lake = lake_of(settings)
    keys = ", ".join(map(identifier, contract.keys))
    is_there = lake.exists(staged)
    drifts = []
    for period in ledger.periods(settings, contract.registry):
        others = ledger.current_batches(settings, contract.registry, period, is_delta=True)
        if period == delivery.period or not others:
            continue
        there = [batch for batch in others if lake.exists(batch.stage_path)]
        if len(there) < len(others) or not is_there:
            # Not known to be apart: a build compares the two, and names the lost file.
            drifts.append(
                Drift(ledger.ROWS_MOVED, period, "each key in one period", "not compared: the lake lost rows")
            )
            continue
        files = ", ".join(literal(lake.address(batch.stage_path)) for batch in there)
        ((rows,),) = con.execute(
            f"select count(*) from (select distinct {keys} from read_parquet({literal(lake.address(staged))})) as s "
            f"where exists (from read_parquet([{files}]) as b where {_equal(contract.keys)})"
        ).fetchall()
        if rows:
            drifts.append(
                Drift(ledger.ROWS_MOVED, period, "each key in one period", f"{rows} rows of {period} as well")
            )
    return drifts


def note_moved(settings: Settings, contract: Contract, batches: list[ledger.Batch]) -> None:
    """Write down for batches that count again which periods have their keys: those may have arrived meanwhile."""
    if not contract.is_delta:
        return
    with duck.cursor(settings, lake_of(settings)) as con:
        for batch in batches:
            delivery = ledger.delivery(settings, batch.delivery_id)
            drifts = moved(con, settings, contract, delivery, batch.stage_path)
            ledger.add_drifts(settings, batch.batch_id, [asdict(drift) for drift in drifts])


def _hidden(settings: Settings, contract: Contract, delivery: ledger.Delivery) -> str:
    """SQL: would the next changes leave out the row of `s`, because its watermark is no later than the last one?"""
    options = contract.options(SqlOptions)
    column = next((c for c in contract.columns if c.source == options.watermark), None)
    previous = ledger.previous_delivery(settings, contract.registry, delivery.period, accepted=True)
    if column is None or column.type not in ("timestamp", "date") or previous is None or previous.watermark is None:
        return "true"
    reached = datetime.fromisoformat(previous.watermark)
    reached = reached.astimezone(LOCAL).replace(tzinfo=None) if reached.tzinfo else reached
    reached -= timedelta(minutes=options.overlap_minutes)
    return f"s.{identifier(column.name)} < timestamp {literal(reached.isoformat(' '))}"


def _equal(names: Iterable[str]) -> str:
    return " and ".join(f"b.{identifier(name)} is not distinct from s.{identifier(name)}" for name in names)


def _names(con: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    """Columns with what a row says; not those with its place in the extract."""
    rows = con.execute(f"describe {relation}").fetchall()
    return {row[0] for row in rows if not row[0].startswith("_")}
