"""Withdrawals: a person decides that an accepted batch does not count, or that it counts again. Append-only."""

from __future__ import annotations

from sqlalchemy import insert, select

from auyl.ledger import tables
from auyl.ledger.batches import Batch
from auyl.ledger.deliveries import correction_chain
from auyl.ledger.queries import dicts
from auyl.periods import LOCAL
from auyl.settings import Settings
from auyl.store.audit import audit_decision
from auyl.store.postgres import transaction


def add_withdrawal(settings: Settings, batch: Batch, is_withdrawn: bool, reason: str, decided_by: str) -> None:
    """Write a decision down, in the ledger and in the audit."""
    row = {"batch_id": batch.batch_id, "is_withdrawn": is_withdrawn, "reason": reason, "decided_by": decided_by}
    action = "withdraw_batch" if is_withdrawn else "restore_batch"
    with transaction(settings) as con:
        con.execute(insert(tables.withdrawal).values(row))
        which = f"{batch.registry} {batch.period} batch {batch.batch_id}"
        audit_decision(con, action, which, reason, decided_by)


def is_decided(settings: Settings, delivery_id: int) -> bool:
    """Was a batch of this very delivery withdrawn, and not only one that it corrects?"""
    d = tables.decided_delivery.c
    return bool(dicts(settings, select(d.batch_id).where(d.delivery_id == delivery_id, d.is_withdrawn)))


def withdrawn(settings: Settings, delivery_id: int) -> str | None:
    """Which batch of a delivery, or of what it corrects, was withdrawn by whom, when and why; None if it counts."""
    d = tables.decided_delivery.c
    chain = correction_chain(settings, delivery_id)
    rows = dicts(settings, select(tables.decided_delivery).where(d.delivery_id.in_(chain), d.is_withdrawn))
    if not rows:
        return None
    row = min(rows, key=lambda row: chain.index(row["delivery_id"]))
    when = row["decided_at"].astimezone(LOCAL)
    return f"batch {row['batch_id']} was withdrawn by {row['decided_by']} on {when:%Y-%m-%d %H:%M}: {row['reason']}"
