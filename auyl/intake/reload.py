"""Reload: judge landed deliveries again by the rules of today, without asking a source.

The order of the extracts stays as it is. What was judged by these rules already is not judged again, so a reload that
was killed goes on where it stopped, and a second one changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auyl import contracts, ledger
from auyl.errors import AuylError, place_of
from auyl.intake.batch import BatchResult, load
from auyl.settings import Settings
from auyl.store.binding import lake_of


def reload(
    settings: Settings, why: ledger.Decision, registry: str | None = None, period: str | None = None
) -> Iterator[BatchResult]:
    """Load every landed delivery of a registry and period again, oldest period first; all of them where None is given.

    The reason is written beside each batch that counts only since then. Where the rules of today refuse a delivery, the
    batch that it has is kept, and named in the result. A delivery whose load fails has the status `failed`; the others
    go on; erased ones are left out. Raises AuylError without a reason, for an unknown registry, and where nothing was
    landed; LakeRefused.
    """
    if not why.reason.strip():
        raise AuylError("a reload: expected a reason, found none. Give --reason")
    lake_of(settings)
    if registry is not None:
        contracts.load(registry, settings.include)
    deliveries = ledger.landed(settings, contracts.names(settings.include) if registry is None else [registry], period)
    erased = {one.delivery_id for one in ledger.erasures(settings)}
    deliveries = [delivery for delivery in deliveries if delivery.delivery_id not in erased]
    if not deliveries:
        scope = " ".join(filter(None, (registry, period))) or "the ledger"
        raise AuylError(f"{scope}: expected landed deliveries, found none; `auyl extracts` lists them")
    return _each(settings, why, deliveries)


def _each(settings: Settings, why: ledger.Decision, deliveries: list[ledger.Delivery]) -> Iterator[BatchResult]:
    for delivery in deliveries:
        try:
            result = load(delivery.delivery_id, settings, why)
            if result.status == "refused" and (former := ledger.find_batch(settings, delivery.delivery_id)):
                result = replace(result, batch_id=former.batch_id)
            yield result
        except Exception as error:
            words = str(error) if isinstance(error, AuylError) else place_of(error)
            yield BatchResult(delivery.registry, delivery.period, delivery.delivery_id, "failed", refusal=words)
