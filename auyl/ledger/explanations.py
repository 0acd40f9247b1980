"""Explanations: why an extract counts or does not, in words."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from auyl.periods import LOCAL

Row = dict[str, Any]


def explained(rows: list[Row]) -> list[Row]:
    """Deliveries (`include/sql/ledger/extracts.sql`) with `why`: what decided on each, and which other delivery."""
    others: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["rank"] is not None:
            others[row["registry"], row["period"]].append(row)
    return [row | {"why": _why(row, others[row["registry"], row["period"]])} for row in rows]


def _why(row: Row, others: list[Row]) -> str:
    state = row["state"]
    if state == "landed":
        return "not judged yet"
    if state == "refused":
        return str(row["reason"])
    if state == "withdrawn":
        return _withdrawn(row)
    if state == "current":
        return f"its bytes arrived again on {_time(row['arrived_at'])}" if row["is_again"] else ""
    above = [other for other in others if other["rank"] < row["rank"]]
    corrected = [other for other in above if other["root_id"] == row["root_id"]]
    if corrected:
        by = min(corrected, key=lambda other: other["arrived_at"])
        return f"superseded by delivery {by['delivery_id']}: its rejected rows came back corrected"
    before = [other for other in above if other["arrived_at"] <= row["arrived_at"]]
    if before:
        by = min(before, key=lambda other: other["rank"])
        reason = "which came after an extract that states a later time"
        if by["is_time_stated"] and not by["is_again"]:
            reason = f"which states a later time: {_time(by['extracted_at'])}, after {_time(row['extracted_at'])}"
        return f"accepted, but superseded on arrival by delivery {by['delivery_id']}, {reason}"
    by = min(above, key=lambda other: other["arrived_at"])
    if by["is_again"]:
        return f"superseded by delivery {by['delivery_id']}: its bytes arrived again on {_time(by['arrived_at'])}"
    what = "a whole reading of the period that " if by["is_whole"] else ""
    return f"superseded by delivery {by['delivery_id']}: {what}arrived later, on {_time(by['arrived_at'])}"


def _withdrawn(row: Row) -> str:
    if row["withdrawn_by"] is None:
        return "withdrawn with the extract whose rows it corrects"
    return f"withdrawn by {row['withdrawn_by']} on {_time(row['withdrawn_at'])}: {row['withdrawn_reason']}"


def _time(when: Any) -> str:
    return f"{when.astimezone(LOCAL):%Y-%m-%d %H:%M}"
