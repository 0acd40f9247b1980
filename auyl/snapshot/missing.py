"""Missing: what a snapshot goes without and why, and which periods may go on without waiting any longer."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl import contracts, ledger
from auyl.intake.overdue import is_closed
from auyl.linkage.persons.link import linked
from auyl.periods import month_before
from auyl.settings import Settings
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot.consolidate import SnapshotInputs, gather, with_links
from auyl.store.binding import lake_of
from auyl.store.postgres import transaction

if TYPE_CHECKING:
    import duckdb

MISSING_COLUMNS = ("registry", "last_period", "reason")
# No indicator of an okrug makes sense without its residents.
INDISPENSABLE = "population"


def missing_table(con: duckdb.DuckDBPyConnection, settings: Settings, inputs: SnapshotInputs) -> None:
    """Create `snapshot_missing`: one row per registry without a batch.

    Columns registry, last_period (newest period of which it was ever accepted, or null), reason: refused (it arrived
    and was refused), late (the last accepted one is of another period), never (nothing was ever accepted).
    """
    con.execute("create or replace temp table snapshot_missing (registry varchar, last_period varchar, reason varchar)")
    arrivals = [row for row in ledger.arrivals(settings) if row["registry"] in inputs.missing]
    for registry in inputs.missing:
        months = contracts.load(registry, settings.include).carry_forward_months
        first = month_before(inputs.period, months)
        by_period = {
            row["period"]: row for row in arrivals if row["registry"] == registry and row["period"] <= inputs.period
        }
        accepted = [period for period, row in by_period.items() if row["extracted_at"]]
        is_refused = any(period >= first and row["refused_at"] for period, row in by_period.items())
        reason = "refused" if is_refused else "late" if accepted else "never"
        con.execute("insert into snapshot_missing values (?, ?, ?)", [registry, max(accepted, default=None), reason])


def waiting(settings: Settings, on: date) -> list[str]:
    """Periods that can be built now although registries are missing: all their deadlines have passed by `on`.

    The population is there, and these inputs are not those of the current revision, nor refused by the gate.
    Oldest first. Raises TerritoryMissing.
    """
    catalogue = catalogues.load(settings.include)
    needed = [contracts.load(registry, settings.include) for registry in catalogue.registries]
    lake = lake_of(settings)
    periods = sorted({row["period"] for row in ledger.arrivals(settings) if row["registry"] == INDISPENSABLE})
    return [
        period
        for period in periods
        if all(is_closed(contract, period, on) for contract in needed)
        and _is_new(settings, gather(settings, lake, catalogue, period))
    ]


def _is_new(settings: Settings, inputs: SnapshotInputs) -> bool:
    if INDISPENSABLE in inputs.missing:
        return False
    if linked(settings, inputs.period, inputs.batches) is None:
        return True
    inputs = with_links(settings, inputs)
    known = ledger.revision_of_inputs(settings, inputs.period, inputs.digest)
    if known is not None:
        return not (known.is_current or known.is_rolled_back)
    with transaction(settings) as con:
        return not con.execute(
            text(
                "select exists (select from ledger.build where period = :p and inputs_digest = :d "
                "and outcome = 'refused')"
            ),
            {"p": inputs.period, "d": inputs.digest},
        ).scalar_one()
