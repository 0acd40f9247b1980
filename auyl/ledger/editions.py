"""Editions of KATO that a person has retired: no new snapshot is made in them. Append-only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, text

from auyl.ledger import tables
from auyl.ledger.queries import dicts
from auyl.periods import LOCAL
from auyl.settings import Settings
from auyl.store.postgres import transaction


def retired_editions(settings: Settings) -> dict[str, str]:
    """Retired editions, and by whom, when and why in words."""
    newest = text(
        "select edition, reason, decided_by, decided_at from ("
        "select distinct on (edition) * from ledger.edition_decision order by edition, decision_id desc) as d "
        "where is_retired"
    )
    return {
        row[
            "edition"
        ]: f"by {row['decided_by']} on {row['decided_at'].astimezone(LOCAL):%Y-%m-%d %H:%M}: {row['reason']}"
        for row in dicts(settings, newest)
    }


def add_edition_decision(settings: Settings, decision: dict[str, Any]) -> None:
    """Write a decision (a row of ledger.edition_decision) down, in the ledger and in the audit."""
    act = {
        "what": "retire_edition" if decision["is_retired"] else "reinstate_edition",
        "which": decision["edition"],
        "why": decision["reason"],
        "who": decision["decided_by"],
    }
    with transaction(settings) as con:
        con.execute(insert(tables.edition_decision).values(decision))
        con.execute(text("select access.write_audit(:what, :which, 'done', :why, null, :who)"), act)
