"""Versions: which batches were current for a period at each recorded time.

Recorded time is when a registry made its extract, so it does not depend on when, or in which order, extracts arrived
here. A new version begins where an extract follows another of the same registry and period. The first extract of a
registry begins no version: before it, nothing was known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from auyl.ledger import Batch
from auyl.periods import month_before


@dataclass(frozen=True)
class Version:
    """The batches, one per registry, that were current from `since` until `until`; null: the beginning, and now."""

    since: datetime | None
    until: datetime | None
    batches: dict[str, Batch]

    @property
    def digest(self) -> str:
        """sha256 over the batches: registry, period, bytes, rules."""
        total = hashlib.sha256()
        for registry, batch in sorted(self.batches.items()):
            total.update(f"{registry} {batch.period} {batch.digest} {batch.rules_digest}\n".encode())
        return total.hexdigest()


def versions(batches: Sequence[Batch], carry_forward_months: Mapping[str, int], period: str) -> list[Version]:
    """Versions of a period, oldest first. `batches` has the newest batch of each accepted delivery, in any order.

    `carry_forward_months` has the registries, and how many months an older extract may be carried forward.
    """
    current: dict[str, dict[str, list[Batch]]] = {}
    for batch in sorted(batches, key=lambda b: (b.extracted_at, b.delivery_id)):
        if batch.registry in carry_forward_months:
            current.setdefault(batch.registry, {}).setdefault(batch.period, []).append(batch)

    def known(registry: str, until: datetime | None) -> list[Batch]:
        """Batches of the newest period that had one before `until`, oldest first."""
        for back in range(carry_forward_months[registry] + 1):
            extracts = current.get(registry, {}).get(month_before(period, back), [])
            if before := [batch for batch in extracts if until is None or batch.extracted_at < until]:
                return before
        return []

    cuts = sorted(
        {
            batch.extracted_at
            for registry in carry_forward_months
            for previous, batch in pairwise(known(registry, None))
            if previous.extracted_at < batch.extracted_at
        }
    )
    result: list[Version] = []
    for since, until in zip([None, *cuts], [*cuts, None], strict=True):
        newest = {registry: b[-1] for registry in sorted(carry_forward_months) if (b := known(registry, until))}
        if newest:
            result.append(Version(since if result else None, until, newest))
    return result
