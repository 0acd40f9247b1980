"""Withdraw: take an accepted batch out of what counts, and let it count again.

Nothing is deleted. The former extract of the period counts instead, and the next build, links, entities, quality and
contradictions rest on it. The same bytes again stay withdrawn until they are restored.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import NoResultFound

from auyl import contracts, ledger
from auyl.contracts import Contract
from auyl.errors import AuylError
from auyl.intake.whole_reading import note_moved
from auyl.settings import Settings
from auyl.store.locks import LAND, lock
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class Withdrawal:
    """What a decision did: whether it changed anything, and the batches that count for the period now."""

    batch: ledger.Batch
    is_new: bool
    current: list[ledger.Batch]


def withdraw(settings: Settings, batch_id: int, reason: str, decided_by: str) -> Withdrawal:
    """Withdraw a batch, and with it the batches that correct its rows. A second time it changes nothing.

    Raises AuylError for an unknown batch or an empty reason.
    """
    return _decide(settings, batch_id, True, reason, decided_by)


def restore(settings: Settings, batch_id: int, reason: str, decided_by: str) -> Withdrawal:
    """Let a withdrawn batch count again. Raises AuylError as `withdraw`, and where what it corrects is withdrawn."""
    return _decide(settings, batch_id, False, reason, decided_by)


def _decide(settings: Settings, batch_id: int, is_withdrawn: bool, reason: str, decided_by: str) -> Withdrawal:
    if not reason.strip():
        raise AuylError("a withdrawal: expected a reason, found none. Give --reason")
    try:
        batch = ledger.batch(settings, batch_id)
    except NoResultFound:
        raise AuylError(f"batch {batch_id}: expected a batch of the ledger; `auyl extracts` lists them") from None
    contract = contracts.load(batch.registry, settings.include)
    if not is_withdrawn and (erased := ledger.erasure(settings, batch.delivery_id)):
        raise AuylError(
            f"batch {batch_id}: expected its bytes in the lake, found that {erased}. Readmit them and give them again: "
            f"auyl extracts readmit {erased.delivery_id} --reason …"
        )
    # The lock of landing: no other decision, and no arrival, comes between the question and the answer.
    with lock(settings, LAND, batch.registry, batch.period), transaction(settings):
        former = _current(settings, contract, batch)
        before = ledger.withdrawn(settings, batch.delivery_id)
        is_new = (before is not None) != is_withdrawn
        if is_new:
            ledger.add_withdrawal(settings, batch, is_withdrawn, reason.strip(), decided_by)
        after = ledger.withdrawn(settings, batch.delivery_id)
        current = _current(settings, contract, batch)
        note_moved(settings, contract, [counts for counts in current if counts not in former])
    if after is not None and not is_withdrawn:
        raise AuylError(f"batch {batch_id} corrects rows of another: {after}. Restore that one")
    return Withdrawal(batch, is_new, current)


def _current(settings: Settings, contract: Contract, batch: ledger.Batch) -> list[ledger.Batch]:
    return ledger.current_batches(settings, batch.registry, batch.period, contract.is_delta)
