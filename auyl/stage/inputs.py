"""Inputs: which batches a piece of work on a period rests on, and the digest that tells whether it was done before."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path

from auyl import contracts, ledger
from auyl.errors import RowsErased
from auyl.periods import month_before
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.lake import Lake

Batches = dict[str, list[ledger.Batch]]


def current_batches(
    settings: Settings, registries: Iterable[str], period: str, without: Collection[int] = ()
) -> tuple[Batches, list[str]]:
    """The current batches for `period` by registry, an older one where the contract lets it be carried forward.

    Registries that gave nothing stand in the second list; `without` as in `ledger.current_batches`. Raises RowsErased
    where an extract that counts was erased.
    """
    batches: Batches = {}
    missing = []
    for registry in registries:
        contract = contracts.load(registry, settings.include)
        for back in range(contract.carry_forward_months + 1):
            month = month_before(period, back)
            found = ledger.current_batches(settings, registry, month, contract.is_delta, without)
            if found:
                batches[registry] = found
                break
        else:
            missing.append(registry)
    ledger.refuse_erased(settings, [batch for found in batches.values() for batch in found], period)
    return batches, missing


def closed_periods(settings: Settings) -> list[str]:
    """Periods that are not built any more, oldest first: an extract that counts for them was erased."""
    return ledger.closed_periods(settings, contracts.deltas(settings.include))


def refuse_closed(settings: Settings, period: str) -> None:
    """Raise RowsErased for a period that is not built any more."""
    if period in closed_periods(settings):
        raise RowsErased(
            f"{period}: expected the rows of its extracts, found that an extract that counts for it was erased. What "
            "is published stays; the month is not built any more"
        )


def open_periods(settings: Settings) -> list[str]:
    """Periods with an accepted batch that can be built, oldest first."""
    closed = set(closed_periods(settings))
    return [period for period in ledger.periods(settings) if period not in closed]


def territory_files(lake: Lake, edition: str) -> list[str]:
    """Files that say where a place lies: the edition's tables, and what became of codes it no longer has."""
    return [*lake.files(paths.territory_folder(edition)), *lake.files(paths.changes_folder(edition))]


def digest(settings: Settings, lake: Lake, batches: Batches, edition: str, rules: Iterable[Path]) -> str:
    """sha256 over the batches, the edition of KATO, the oblast, and the files that say what is made of them."""
    total = hashlib.sha256()
    for registry in sorted(batches):
        for batch in batches[registry]:
            total.update(f"{registry} {batch.period} {batch.digest} {batch.rules_digest}\n".encode())
        if batches[registry] and contracts.load(registry, settings.include).is_delta:
            for batch in ledger.moved_from(settings, registry, batches[registry][0].period):
                total.update(f"{registry} moved to {batch.period} {batch.digest} {batch.rules_digest}\n".encode())
    for path in territory_files(lake, edition):
        total.update(path.encode() + hashlib.sha256(lake.read(path)).digest())
    of_rules = hashlib.sha256()
    for file in rules:
        of_rules.update(file.name.encode() + file.read_bytes())
    total.update(settings.oblast_kato.encode() + of_rules.digest())
    return total.hexdigest()
