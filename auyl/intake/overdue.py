"""Late: what the contracts promised to have sent by a day, and what of it is current.

The ledger is asked as it is now; the day only decides which deadlines have passed.
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

# A month that has not come in a year will not be waited for any more.
MONTHS_ASKED_FOR = 12
NEVER = "nothing ever came"


@dataclass(frozen=True)
class Promise:
    """An extract whose deadline has passed. `state`: current, late, refused or carried_forward.

    `period` is the last month of the span that it is for, `stands_in` the period of the batch that counts for it.
    Every state but current is late, by `late_days`; carried_forward means that the contract lets an older extract
    stand in meanwhile.
    """

    registry: str
    title: str
    owner: str
    period: str
    due_on: date
    state: str
    late_days: int
    stands_in: str | None
    reason: str | None

    @property
    def is_late(self) -> bool:
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


def expected(settings: Settings, on: date) -> list[Promise]:
    """Every extract whose deadline has passed by `on`, by registry, newest period last.

    Asked for since the registry's first extract, for a year at most. A registry of which nothing ever came is told
    once, with its newest period.
    """
    came: dict[str, dict[str, Any]] = {}
    for row in ledger.arrivals(settings):
        came.setdefault(row["registry"], {})[row["period"]] = row
    return [
        promise
        for contract in contracts.load_all(settings.include)
        for promise in _of_contract(contract, came.get(contract.registry, {}), on)
    ]


def _of_contract(contract: Contract, came: dict[str, Any], on: date) -> list[Promise]:
    months = contract.frequency_months
    newest = span_end(period_of(on), months)
    while due_on(contract, newest) >= on:
        newest = month_before(newest, months)
    first = max(min(came), month_before(newest, MONTHS_ASKED_FOR - 1)) if came else newest
    ends = []
    end = span_end(first, months)
    while end <= newest:
        ends.append(end)
        end = month_before(end, -months)
    return [_promise(contract, came, end, on) for end in ends]


def _promise(contract: Contract, came: dict[str, Any], end: str, on: date) -> Promise:
    due = due_on(contract, end)

    def told(state: str, stands_in: str | None, reason: str | None = None) -> Promise:
        days = 0 if state == "current" else (on - due).days
        return Promise(
            contract.registry, contract.title, contract.owner, end, due, state, days, stands_in, reason
        )  # fmt: skip

    in_span = [month_before(end, back) for back in range(contract.frequency_months)]
    accepted = {period: row["extracted_at"] for period, row in came.items() if row["extracted_at"]}
    found = next((period for period in in_span if period in accepted), None)
    if found:
        # Changes are pulled all month long; only a pull after its end has seen all of it.
        asked_on = accepted[found].astimezone(LOCAL).date()
        if contract.is_delta and asked_on <= last_day(found):
            return told("late", found, f"last asked on {asked_on}, before the period had ended")
        return told("current", found)
    refused = next((came[period]["details"] for period in in_span if period in came), None)
    reason = without_content(refused) if refused else None if came else NEVER
    older = [month_before(end, back) for back in range(len(in_span), contract.carry_forward_months + 1)]
    stands_in = next((period for period in older if period in accepted), None)
    state = "refused" if refused else "carried_forward" if stands_in else "late"
    return told(state, stands_in, reason)


def without_content(details: dict[str, Any]) -> str:
    """Why an extract was refused, from the details that the ledger keeps, without anything that stood in it.

    What was found may be text of a row; that is only told by `auyl extracts`.
    """
    if details.get("breaches"):
        told = "; ".join(details["breaches"])
    else:
        told = str(details.get("file", ""))
        if details.get("line") is not None:
            told += f", line {details['line']}"
        if details.get("column") is not None:
            told += f", column «{details['column']}»"
        told += f": expected {details.get('expected', 'another extract')}"
    return re.sub(r"\d{12}", "************", told)
