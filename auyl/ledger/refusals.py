"""Refusals: deliveries that were not accepted, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from auyl.ledger import tables
from auyl.ledger.queries import dicts, execute, scalar, scalars, sql_file
from auyl.settings import Settings


def add_refusal(
    settings: Settings,
    registry: str,
    period: str,
    reason: str,
    details: dict[str, Any],
    delivery_id: int | None = None,
    rules_digest: str | None = None,
    quarantine_path: str | None = None,
    only_new: bool = False,
) -> None:
    """Write down that an extract was not accepted and why; with `only_new` nothing that its delivery has already."""
    c = tables.refusal.c
    if only_new:
        last = (
            select(c.rules_digest, c.reason).where(c.delivery_id == delivery_id).order_by(c.refusal_id.desc()).limit(1)
        )
        if dicts(settings, last) == [{"rules_digest": rules_digest, "reason": reason}]:
            return
    execute(
        settings,
        insert(tables.refusal).values(
            registry=registry,
            period=period,
            delivery_id=delivery_id,
            rules_digest=rules_digest,
            reason=reason,
            details=details,
            quarantine_path=quarantine_path,
        ),
    )


def refusal_reasons(settings: Settings, registry: str, period: str) -> list[str]:
    """Why extracts of a registry and period were not accepted, oldest first."""
    c = tables.refusal.c
    reasons = select(c.reason).where(c.registry == registry, c.period == period).order_by(c.refusal_id)
    return scalars(settings, reasons)


def refusals_since(settings: Settings, since: datetime | None) -> list[dict[str, Any]]:
    """Deliveries refused after `since`, oldest first: registry, period, refused_at, details. Each is listed once."""
    return dicts(settings, sql_file(settings, "refusals", since=since))


def refusal_shapes(settings: Settings, registry: str, period: str) -> list[dict[str, Any]]:
    """Refused deliveries of a registry and period, oldest first, as an engineer's login reads them: refused_at, line,
    column_name, expected, found (by its shape), owner, breaches (of a suite, or null).
    """
    return dicts(settings, sql_file(settings, "page_refusals", registry=registry, period=period))


def last_refusal(settings: Settings, registry: str, period: str) -> dict[str, Any] | None:
    """The details of the newest refusal of a registry and period."""
    c = tables.refusal.c
    newest = select(c.details).where(c.registry == registry, c.period == period).order_by(c.refusal_id.desc()).limit(1)
    return scalar(settings, newest)
