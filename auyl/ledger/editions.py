"""Decisions on editions of KATO: adopted, or not any more. Append-only; the newest of an edition decides."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, text

from auyl.ledger import tables
from auyl.ledger.queries import dicts, scalar
from auyl.settings import Settings
from auyl.store.audit import audit_decision


def edition_decisions(settings: Settings) -> list[dict[str, Any]]:
    """The newest decision on each edition, newest first: edition, is_adopted, follows, reason, decided_by, decided_at.

    None in a database that is not migrated yet.
    """
    if scalar(settings, text("select to_regclass('ledger.edition_decision')")) is None:
        return []
    d = tables.edition_decision.c
    newest: dict[str, dict[str, Any]] = {}
    for row in dicts(settings, select(tables.edition_decision).order_by(d.decision_id.desc())):
        newest.setdefault(row["edition"], row)
    return list(newest.values())


def published_edition(settings: Settings) -> str | None:
    """The edition of the last build; None before the first."""
    if scalar(settings, text("select to_regclass('serving.current_edition')")) is None:
        return None
    edition = scalar(settings, text("select edition from serving.current_edition"))
    return None if edition is None else str(edition)


def add_edition_decision(
    con: Connection, edition: str, is_adopted: bool, follows: str | None, reason: str, decided_by: str
) -> None:
    """Write a decision down, in the ledger and in the audit, in the transaction of `con`."""
    row = {"edition": edition, "is_adopted": is_adopted, "follows": follows, "reason": reason, "decided_by": decided_by}
    con.execute(insert(tables.edition_decision).values(row))
    action = "adopt_edition" if is_adopted else "retire_edition"
    audit_decision(con, action, f"edition {edition}", reason, decided_by)
