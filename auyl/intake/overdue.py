"""Overdue: the extracts that contracts owe by a day, and which of them are current.

The ledger is read as it is now; the day only decides which deadlines have passed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from auyl import contracts, ledger
from auyl.contracts import Contract
from auyl.periods import LOCAL, last_day, month_before, period_of, span_end
from auyl.settings import Settings

# An extract that is a year overdue is no longer expected.
MONTHS_EXPECTED = 12
NEVER = "nothing ever came"


@dataclass(frozen=True)
class DueDelivery:
    """An extract whose deadline has passed. `state`: current, overdue, refused or carried_forward.

    `period` is the last month of the span that it is for, `counted_period` the period of the batch that counts for it.
    Every state except current is overdue, by `overdue_days`; carried_forward means that the contract lets an older
    extract count meanwhile.
    """

    registry: str
    title: str
    owner: str
    period: str
    due_on: date
    state: str
    overdue_days: int
    counted_period: str | None
    reason: str | None

    @property
    def is_overdue(self) -> bool:
        """Has the deadline passed without an accepted extract?"""
        return self.state != "current"


def due_on(contract: Contract, period: str) -> date:
    """Last day on which the extract of the span that ends with `period` is in time."""
    return last_day(period) + timedelta(days=contract.latency_days)


def is_closed(contract: Contract, period: str, on: date) -> bool:
    """Has the deadline passed of the newest extract that a snapshot of `period` may wait for?

    A quarterly registry is not waited for within its quarter: then that of the quarter before is the newest.
    """
    end = span_end(period, contract.frequency_months)
    newest = end if end == period else month_before(end, contract.frequency_months)
    return due_on(contract, newest) < on


def due_deliveries(settings: Settings, on: date) -> list[DueDelivery]:
    """Every extract whose deadline has passed by `on`, by registry, newest period last.

    They are expected from the registry's first extract on, for a year at most. A registry that never sent anything is
    listed once, with its newest period.
    """
    arrivals: dict[str, dict[str, Any]] = {}
    for row in ledger.arrivals(settings):
        arrivals.setdefault(row["registry"], {})[row["period"]] = row
    return [
        _due_delivery(contract, arrivals.get(contract.registry, {}), end, on)
        for contract in contracts.load_all(settings.include)
        for end in _span_ends(contract, arrivals.get(contract.registry, {}), on)
    ]


def _span_ends(contract: Contract, rows: dict[str, Any], on: date) -> list[str]:
    """Last months of the spans whose deadline has passed, oldest first."""
    arrivals = [period for period, row in rows.items() if _has_arrived(row)]
    months = contract.frequency_months
    newest = span_end(period_of(on), months)
    while due_on(contract, newest) >= on:
        newest = month_before(newest, months)
    first = max(min(arrivals), month_before(newest, MONTHS_EXPECTED - 1)) if arrivals else newest
    ends = []
    end = span_end(first, months)
    while end <= newest:
        ends.append(end)
        end = month_before(end, -months)
    return ends


def _due_delivery(contract: Contract, arrivals: dict[str, Any], end: str, on: date) -> DueDelivery:
    state, counted_period, reason = _state(contract, arrivals, end)
    due = due_on(contract, end)
    days = 0 if state == "current" else (on - due).days
    return DueDelivery(contract.registry, contract.title, contract.owner, end, due, state, days, counted_period, reason)


def _state(contract: Contract, arrivals: dict[str, Any], end: str) -> tuple[str, str | None, str | None]:
    """State, counted period and reason of the extract of the span that ends with `end`."""
    span = [month_before(end, back) for back in range(contract.frequency_months)]
    accepted = {period: row["extracted_at"] for period, row in arrivals.items() if row["extracted_at"]}
    period = next((period for period in span if period in accepted), None)
    if period:
        # Changes are pulled all month long; only a pull after its end has seen all of it, if it found nothing new too.
        pulled_at = max(filter(None, (accepted[period], arrivals[period]["pulled_at"])))
        pulled_on = pulled_at.astimezone(LOCAL).date()
        if contract.is_delta and pulled_on <= last_day(period):
            return "overdue", period, f"last pulled on {pulled_on}, before the period had ended"
        return "current", period, None
    rows = [arrivals[period] for period in span if period in arrivals]
    refused = next((row["details"] for row in rows if row["details"]), None)
    seen = next((row["seen"] for row in rows if row["seen"]), None)
    older = [month_before(end, back) for back in range(len(span), contract.carry_forward_months + 1)]
    counted_period = next((period for period in older if period in accepted), None)
    if refused:
        return "refused", counted_period, without_content(refused)
    never = None if any(map(_has_arrived, arrivals.values())) else NEVER
    return "carried_forward" if counted_period else "overdue", counted_period, seen or never


def _has_arrived(row: dict[str, Any]) -> bool:
    """Did anything come, accepted, refused or withdrawn, and not only somebody look?"""
    return bool(row["extracted_at"] or row["refused_at"] or row["is_withdrawn"])


def without_content(details: dict[str, Any]) -> str:
    """Why an extract was refused, from the details that the ledger keeps, without anything from the extract itself.

    What was found may be the text of a row; only `auyl extracts` shows it.
    """
    if details.get("breaches"):
        reason = "; ".join(details["breaches"])
    else:
        reason = str(details.get("file", ""))
        if details.get("line") is not None:
            reason += f", line {details['line']}"
        if details.get("column") is not None:
            reason += f", column «{details['column']}»"
        reason += f": expected {details.get('expected', 'another extract')}"
    return re.sub(r"\d{12}", "************", reason)
