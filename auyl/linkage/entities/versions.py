"""Versions: which batches a period's picture was made of, at one recorded time after another.

Recorded time is the time at which a registry made its extract, so it does not depend on when, or in which order,
extracts arrived here. A new version begins where an extract follows another of the same registry and period; that a
registry had not yet sent its first one is no belief about anybody.
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
    """The batches, one a registry, that counted from `since` until `until`; null is the beginning, and now."""

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
    """Versions of a period, oldest first. `batches` are the newest of each accepted delivery, in any order.

    `carry_forward_months` names the registries, and how far back an older period's extract may stand in.
    """
    current: dict[str, dict[str, list[Batch]]] = {}
    for batch in sorted(batches, key=lambda b: (b.extracted_at, b.delivery_id)):
        if batch.registry in carry_forward_months:
            current.setdefault(batch.registry, {}).setdefault(batch.period, []).append(batch)

    def known(registry: str, until: datetime | None) -> list[Batch]:
        """Batches of the newest period that had one before `until`, oldest first."""
        for back in range(carry_forward_months[registry] + 1):
            found = current.get(registry, {}).get(month_before(period, back), [])
            if before := [batch for batch in found if until is None or batch.extracted_at < until]:
                return before
        return []

    cuts = sorted(
        {
            batch.extracted_at
            for registry in carry_forward_months
            for former, batch in pairwise(known(registry, None))
            if former.extracted_at < batch.extracted_at
        }
    )
    found: list[Version] = []
    for since, until in zip([None, *cuts], [*cuts, None], strict=True):
        newest = {registry: b[-1] for registry in sorted(carry_forward_months) if (b := known(registry, until))}
        if newest:
            found.append(Version(since if found else None, until, newest))
    return found
