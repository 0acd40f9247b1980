"""Missing: what a snapshot goes without and why, and which periods may go on without waiting any longer."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl import contracts, ledger
from auyl.intake.overdue import is_closed
from auyl.linkage.persons.link import linked
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


def missing_table(con: duckdb.DuckDBPyConnection, inputs: SnapshotInputs) -> None:
    """Create `snapshot_missing`: one row per registry without a batch, with what `inputs.reasons` says of it."""
    con.execute("create or replace temp table snapshot_missing (registry varchar, last_period varchar, reason varchar)")
    for row in inputs.reasons:
        con.execute("insert into snapshot_missing values (?, ?, ?)", row)


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
