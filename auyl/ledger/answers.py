"""Signed answers that were taken, by the digests of what was signed: an earlier one that comes again is a replay."""

from __future__ import annotations

from sqlalchemy import insert, select

from auyl.ledger import tables
from auyl.ledger.queries import dicts, execute
from auyl.periods import LOCAL
from auyl.settings import Settings


def _newest(settings: Settings, registry: str, period: str) -> list[str]:
    a = tables.signed_answer.c
    wanted = select(a.signed_sha256).where(a.registry == registry, a.period == period)
    rows = dicts(settings, wanted.order_by(a.answer_id.desc()).limit(1))
    return list(rows[0]["signed_sha256"]) if rows else []


def replayed(settings: Settings, registry: str, period: str, signed: tuple[str, ...]) -> str | None:
    """Which earlier answer a part of this one is, in words; None where all of it is new or that of the last answer.

    A source whose data are the same signs the same again, and so does one that says a new time with them; only what
    came before the last answer of the period, or for another period, cannot be meant.
    """
    fresh = set(signed) - set(_newest(settings, registry, period))
    if not fresh:
        return None
    a = tables.signed_answer.c
    rows = dicts(settings, select(a.period, a.taken_at, a.signed_sha256).where(a.registry == registry))
    for row in rows:
        if known := sorted(fresh.intersection(row["signed_sha256"])):
            when = row["taken_at"].astimezone(LOCAL)
            return f"the answer for {row['period']} of {when:%Y-%m-%d %H:%M} again, signed sha256 {known[0][:16]}…"
    return None


def add_signed_answer(
    settings: Settings, registry: str, period: str, signed: tuple[str, ...], delivery_id: int
) -> None:
    """Write down what was signed, unless nothing was or the last answer was the same."""
    if not signed or list(signed) == _newest(settings, registry, period):
        return
    row = {"registry": registry, "period": period, "signed_sha256": list(signed), "delivery_id": delivery_id}
    execute(settings, insert(tables.signed_answer).values(row))
