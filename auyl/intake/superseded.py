"""Extracts that are accepted and do not count, because one that states a later time was there already."""

from __future__ import annotations

from auyl import contracts, ledger
from auyl.intake.batch import BatchResult
from auyl.settings import Settings, from_environment


def superseded_on_arrival(result: BatchResult, settings: Settings | None = None) -> int | None:
    """The delivery that counts in place of an accepted one, because it or a former one was there already.

    None when that one counts itself, or arrived before what superseded it. Asked of a load that is run again too: the
    one before may have been killed when its batch was committed.
    """
    if not result.accepted:
        return None
    settings = settings or from_environment()
    is_delta = contracts.load(result.registry, settings.include).is_delta
    counting = [b.delivery_id for b in ledger.current_batches(settings, result.registry, result.period, is_delta)]
    if result.delivery_id in counting or not counting:
        return None
    deltas = [result.registry] if is_delta else []
    rows = ledger.extracts(settings, deltas, result.registry)
    (row,) = (row for row in rows if row["delivery_id"] == result.delivery_id)
    return counting[-1] if ledger.superseding_on_arrival(row) else None
