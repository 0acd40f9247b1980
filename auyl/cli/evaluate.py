"""Commands that hold what was found against a known truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auyl.cli.shared import Format, Period, as_json, month, table, told
from auyl.settings import from_environment

if TYPE_CHECKING:
    from auyl.linkage.evaluate_address import Share


def address(
    extracts: Annotated[
        Path, typer.Argument(help="Folder of invented extracts with the truth beside them.", exists=True)
    ],
    period: Period = "2026-10",
    format: Format = "table",
) -> None:
    """Free addresses of ambulance calls: settlements right, wrong and openly unresolved. Exits 1 over the limits."""
    from auyl.linkage import evaluate_address as room

    with told():
        found = room.evaluate_address(from_environment(), extracts, month(period))
    whole = [("tellable", found.tellable), ("told by nothing", found.untellable), ("all calls", found.all)]
    rows = [_row(share) | {"breakdown": "", "value": name} for name, share in whole if share]
    rows += [_row(share) for share in found.parts]
    if format == "json":
        as_json(rows)
    else:
        table(rows, list(rows[0]))
    if not found.holds:
        limits = f"at least {room.RIGHT_MIN_PCT} % of the tellable right, at most {room.WRONG_MAX_PCT} % of all wrong"
        typer.secho(f"not within the limits: {limits}", fg="red", err=True)
        raise typer.Exit(1)


def _row(share: Share) -> dict[str, Any]:
    return asdict(share) | {"right_pct": round(share.right_pct, 2), "wrong_pct": round(share.wrong_pct, 2)}
