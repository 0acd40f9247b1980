"""Explanations: why an extract counts or does not, in words."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from auyl.periods import LOCAL

Row = dict[str, Any]
_ON_ARRIVAL = "accepted, but superseded on arrival by delivery"


def explained(rows: list[Row]) -> list[Row]:
    """Deliveries (`include/sql/ledger/extracts.sql`) with `why`: what decided on each, and which other delivery."""
    others: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["rank"] is not None:
            others[row["registry"], row["period"]].append(row)
    return [row | {"why": _why(row, others[row["registry"], row["period"]])} for row in rows]


def superseding_on_arrival(row: Row) -> int | None:
    """The delivery that was there already and ranked above this one of `explained`; None if that is not why."""
    by = re.match(rf"{_ON_ARRIVAL} (\d+)", row["why"]) if row["state"] == "superseded" else None
    return int(by[1]) if by else None


def _why(row: Row, others: list[Row]) -> str:
    state = row["state"]
    if state == "erased":
        return f"erased by {row['erased_by']} on {_time(row['erased_at'])}: {row['erased_reason']}"
    if state == "landed":
        return "not judged yet"
    if state == "refused":
        return str(row["reason"])
    if state == "withdrawn":
        return _withdrawn(row)
    roots = {other["delivery_id"]: other for other in others}
    if state == "current":
        return "; ".join(filter(None, [_rolled_back(row), _again(row, roots)]))
    above = [other for other in others if other["rank"] < row["rank"]]
    corrected = [other for other in above if other["root_id"] == row["root_id"]]
    if corrected:
        by = min(corrected, key=lambda other: other["arrived_at"])
        return f"superseded by delivery {by['delivery_id']}: its rejected rows came back corrected"
    before = [other for other in above if _arrived_at(other, roots) <= row["arrived_at"]]
    if before:
        by = min(before, key=lambda other: other["rank"])
        reason = "which came after an extract that states a later time"
        if by["is_time_stated"] and not by["is_again"]:
            reason = f"which states a later time: {_time(by['extracted_at'])}, after {_time(row['extracted_at'])}"
        return f"{_ON_ARRIVAL} {by['delivery_id']}, {reason}"
    by = min(above, key=lambda other: _arrived_at(other, roots))
    root = roots.get(by["root_id"], by)
    by = root if root["is_again"] else by
    if by["is_again"]:
        return f"superseded by delivery {by['delivery_id']}: its bytes arrived again on {_time(by['arrived_at'])}"
    what = "a whole reading of the period that " if by["is_whole"] else ""
    return f"superseded by delivery {by['delivery_id']}: {what}arrived later, on {_time(by['arrived_at'])}"


def _arrived_at(row: Row, roots: dict[int, Row]) -> Any:
    """When a delivery took its place: corrected rows rank where the extract that they correct does."""
    root = roots.get(row["root_id"], row)
    return max(row["arrived_at"], root["arrived_at"])


def _again(row: Row, roots: dict[int, Row]) -> str:
    """That the bytes of a current delivery, or of the extract that it corrects, arrived again."""
    if row["is_again"]:
        return f"its bytes arrived again on {_time(row['arrived_at'])}"
    root = roots.get(row["root_id"], row)
    when = _time(root["arrived_at"])
    what = f"the bytes of delivery {root['delivery_id']}, which it corrects, arrived again on {when}"
    return what if root["is_again"] else ""


def _rolled_back(row: Row) -> str:
    """That the snapshot goes without a current delivery, by a person's decision."""
    revision = row["rolled_back_revision"]
    if revision is None:
        return ""
    return (
        f"not in the current snapshot: revision {revision} that has it was rolled back; "
        f"`auyl snapshot list {row['period']}` says why"
    )


def _withdrawn(row: Row) -> str:
    if row["withdrawn_by"] is None:
        return "withdrawn with the extract whose rows it corrects"
    return f"withdrawn by {row['withdrawn_by']} on {_time(row['withdrawn_at'])}: {row['withdrawn_reason']}"


def _time(when: Any) -> str:
    return f"{when.astimezone(LOCAL):%Y-%m-%d %H:%M}"
