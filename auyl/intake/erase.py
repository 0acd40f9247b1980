"""Erase: take the bytes of a delivery, and all that was made of it row by row, out of the lake. The ledger stays.

The decision is written first, then the files go: a process that is killed between them is followed by the next run,
which ends every erasure that has not ended. What counts for its month is never erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import NoResultFound

from auyl import contracts, ledger
from auyl.errors import AuylError
from auyl.intake import retention
from auyl.intake.made_of import erase_contradictions, erase_rows, made_of
from auyl.periods import month_before
from auyl.settings import Settings
from auyl.stage.inputs import closed_periods
from auyl.store.binding import lake_of
from auyl.store.lake import Lake
from auyl.store.locks import ERASE, LAND, lock


@dataclass(frozen=True)
class Erased:
    """A delivery whose bytes go, or would go; `files` are those that are there. `is_new`: it was not erased before."""

    delivery: ledger.Delivery
    files: int
    size_bytes: int
    is_new: bool


def erase(settings: Settings, delivery_id: int, reason: str, decided_by: str, dry_run: bool = False) -> list[Erased]:
    """Erase a delivery that should never have been sent, and the deliveries that hold its rows because they correct it.

    Again it only ends what was cut short. Raises AuylError for an unknown delivery, without a reason, for one that is
    not withdrawn, and where the current revision of a period still rests on it.
    """
    _check_reason(reason, dry_run)
    lake = lake_of(settings)
    try:
        delivery = ledger.delivery(settings, delivery_id)
    except NoResultFound:
        raise AuylError(f"delivery {delivery_id}: expected one of the ledger; `auyl extracts` lists them") from None
    chain = ledger.corrections_of(settings, delivery_id)
    with lock(settings, LAND, delivery.registry, delivery.period):
        batch = ledger.find_batch(settings, delivery_id)
        if batch is not None and ledger.withdrawn(settings, delivery_id) is None:
            raise AuylError(
                f"delivery {delivery_id} of {delivery.registry} {delivery.period}: expected a withdrawn one, found "
                f"that it was accepted. Withdraw it first: auyl extracts withdraw {batch.batch_id} --reason …"
            )
        if periods := ledger.resting_periods(settings, chain):
            raise AuylError(
                f"delivery {delivery_id}: expected no published revision to rest on it, found the current one of "
                f"{', '.join(periods)}. Build first: auyl build --period {periods[0]}"
            )
        return [_erase(settings, lake, number, reason, decided_by, False, dry_run) for number in chain]


def readmit(settings: Settings, delivery_id: int, reason: str, decided_by: str) -> bool:
    """Let the bytes of an erased delivery come again; False where it is not erased. Raises AuylError."""
    _check_reason(reason, False)
    erased = ledger.erasure(settings, delivery_id)
    if erased is None:
        return False
    ledger.add_erasure(settings, ledger.delivery(settings, delivery_id), False, reason.strip(), decided_by)
    return True


def erase_past_term(
    settings: Settings, reason: str, decided_by: str, now: datetime | None = None, dry_run: bool = False
) -> Iterator[Erased]:
    """Erase every delivery that is past the term of its registry (`auyl.intake.retention`) and counts no more.

    Ends earlier erasures that were cut short, too. Raises AuylError without a reason, ContractInvalid for a file of
    terms that cannot be read.
    """
    _check_reason(reason, dry_run)
    return _past_term(settings, reason, decided_by, now or datetime.now(tz=UTC), dry_run)


def _past_term(settings: Settings, reason: str, decided_by: str, now: datetime, dry_run: bool) -> Iterator[Erased]:
    lake = lake_of(settings)
    closed = set(closed_periods(settings))
    for one in ledger.erasures(settings):
        if one.ended_at is None:
            is_closing = one.is_by_term and one.period in closed
            yield _erase(settings, lake, one.delivery_id, reason, decided_by, True, dry_run, is_closing)
    for registry, term in retention.terms(settings.include).items():
        yield from _past_counting(settings, lake, registry, term, reason, decided_by, now, dry_run)
        if term.months is None:
            continue
        is_delta = contracts.load(registry, settings.include).is_delta
        why = f"{reason} ({term.norm}, {term.months} months)"
        before = retention.before(now, term.months)
        for number in ledger.past_term(settings, registry, before, is_delta):
            delivery = ledger.delivery(settings, number)
            with lock(settings, LAND, registry, delivery.period):
                # Asked again under the lock: it may count since a moment.
                if number in ledger.past_term(settings, registry, before, is_delta):
                    yield _erase(settings, lake, number, why, decided_by, True, dry_run)


def _past_counting(
    settings: Settings,
    lake: Lake,
    registry: str,
    term: retention.Term,
    reason: str,
    decided_by: str,
    now: datetime,
    dry_run: bool,
) -> Iterator[Erased]:
    """Erase the extracts of months that are past the term of what counts; such a month is not built any more."""
    if term.counting_months is None:
        return
    carried = contracts.load(registry, settings.include).carry_forward_months
    first = f"{retention.before(now, term.counting_months):%Y-%m}"
    why = f"{reason} ({term.counting_norm}, {term.counting_months} months)"
    for number in ledger.past_counting_term(settings, registry, first, month_before(first, carried)):
        delivery = ledger.delivery(settings, number)
        with lock(settings, LAND, registry, delivery.period):
            if number in ledger.past_counting_term(settings, registry, first, month_before(first, carried)):
                yield _erase(settings, lake, number, why, decided_by, True, dry_run, True)


def _check_reason(reason: str, dry_run: bool) -> None:
    if not reason.strip() and not dry_run:
        raise AuylError("an erasure: expected a reason, found none. Give --reason")


def _erase(
    settings: Settings,
    lake: Lake,
    delivery_id: int,
    reason: str,
    decided_by: str,
    is_by_term: bool,
    dry_run: bool,
    is_closing: bool = False,
) -> Erased:
    delivery = ledger.delivery(settings, delivery_id)
    with lock(settings, ERASE, delivery.registry, delivery.period):
        before = ledger.erasure(settings, delivery_id)
        made = made_of(settings, lake, delivery, is_closing)
        files = made.files
        size = sum(lake.size(path) for path in files)
        if not dry_run:
            if before is None:
                ledger.add_erasure(settings, delivery, True, reason.strip(), decided_by, is_by_term)
            erase_rows(settings, made, reason.strip(), decided_by)
            for path in files:
                lake.remove_file(path)
            erase_contradictions(settings, made)
            decided = ledger.erasure(settings, delivery_id)
            if decided is not None and decided.ended_at is None:
                ledger.end_erasure(settings, decided.erasure_id, len(files))
    return Erased(delivery, len(files), size, before is None)
