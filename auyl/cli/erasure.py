"""Commands that erase bytes. Rows of the ledger stay, and say when, why and by whom."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from auyl.cli.shared import installation, table

if TYPE_CHECKING:
    from auyl.intake.erase import Erased

Delivery = Annotated[int, typer.Argument(help="Number of the delivery; `auyl extracts` shows it.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the ledger and in the audit.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]


def erase(delivery: Delivery, reason: Reason = "", dry_run: DryRun = False) -> None:
    """Erase the bytes of a withdrawn or refused delivery, with all rows that were made of them. There is no way back.

    Its batch is withdrawn first, and what was published is built without it. The same bytes are refused from then on.
    """
    from auyl.intake import erase as erasing

    with installation() as settings:
        _show(erasing.erase(settings, delivery, reason, getpass.getuser(), dry_run), dry_run)


def readmit(delivery: Delivery, reason: Reason) -> None:
    """Let the bytes of an erased delivery come again; whoever has them gives them by `auyl intake`."""
    from auyl.intake import erase as erasing

    with installation() as settings:
        is_new = erasing.readmit(settings, delivery, reason, getpass.getuser())
        typer.echo(f"delivery {delivery}: " + ("its bytes may come again" if is_new else "is not erased"))


def retention(reason: Reason = "", dry_run: DryRun = False) -> None:
    """Erase extracts that count no more and are past their term in include/retention.yaml. Without a reason: say which.

    Ends erasures that were cut short as well. Repeatable.
    """
    from auyl.intake import erase as erasing
    from auyl.intake import retention as periods

    with installation() as settings:
        terms = periods.terms(settings.include).values()
        if all(term.months is None and term.counting_months is None for term in terms):
            typer.echo(f"include/{periods.FILE} sets no term: every extract is kept")
        is_dry = dry_run or not reason.strip()
        _show(list(erasing.erase_past_term(settings, reason, getpass.getuser(), dry_run=is_dry)), is_dry)
        if is_dry and not dry_run:
            typer.echo("nothing was erased; give --reason to erase")


def _show(erased: list[Erased], is_dry: bool) -> None:
    rows = [
        {
            "registry": one.delivery.registry,
            "period": one.delivery.period,
            "delivery_id": one.delivery.delivery_id,
            "files": one.files,
            "size_bytes": one.size_bytes,
            "outcome": "would be erased" if is_dry else "erased" if one.is_new else "was erased before",
        }
        for one in erased
    ]
    if rows:
        table(rows, list(rows[0]))
    else:
        typer.echo("nothing to erase")
