"""Commands on revisions: which is current, rolling back and forward, releasing what the gate refused."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from auyl.cli.shared import Format, as_json, installation, month, table
from auyl.periods import LOCAL

if TYPE_CHECKING:
    from auyl.settings import Settings
    from auyl.snapshot import BuildResult
    from auyl.snapshot.rollback import Move

Reason = Annotated[str, typer.Option(help="Why; kept in the ledger and in the audit.")]
Month = Annotated[str, typer.Argument(help="Month YYYY-MM.")]


def rollback(
    period: Month,
    reason: Reason,
    to: Annotated[int | None, typer.Option(help="Revision to go back to; by default the one before.")] = None,
) -> None:
    """Make an earlier revision of a period current. It stays so until new inputs, or `forward`."""
    from auyl.snapshot import rollback as decisions

    with installation() as settings:
        typer.echo(_moved(decisions.rollback(settings, month(period), reason, getpass.getuser(), to)))


def forward(
    period: Month,
    reason: Reason,
    to: Annotated[int | None, typer.Option(help="Revision to go to; by default the newest rolled back.")] = None,
) -> None:
    """Take a rollback back: the revision that was rolled back is current again."""
    from auyl.snapshot import rollback as decisions

    with installation() as settings:
        typer.echo(_moved(decisions.forward(settings, month(period), reason, getpass.getuser(), to)))


def release(period: Month, reason: Reason) -> None:
    """Publish a period although the gate refused it for its changes: somebody has looked, and they are real."""
    with installation() as settings:
        result = release_change(settings, month(period), reason)
        say(result)
        if result.status in ("refused", "incomplete"):
            raise typer.Exit(1)


def _moved(move: Move) -> str:
    return f"{move.period}: {move.note}" + ("" if move.is_new else "; nothing changed")


def list_revisions(
    period: Annotated[str | None, typer.Argument(help="Month YYYY-MM; all without it.")] = None,
    format: Format = "table",
) -> None:
    """Published revisions: which is current, which were rolled back, by whom and why."""
    from auyl import ledger

    with installation() as settings:
        rows = [
            {
                "period": r.period,
                "revision": r.revision,
                "state": "current" if r.is_current else "rolled back" if r.is_rolled_back else "",
                "edition": r.edition,
                "published_at": f"{r.published_at.astimezone(LOCAL):%Y-%m-%d %H:%M}",
                "sha256": r.content_sha256 if format == "json" else r.content_sha256[:16],
                "decision": f"rolled back {r.decision}" if r.is_rolled_back else "",
            }
            for r in ledger.revisions(settings, month(period) if period else None)
        ]
        if format == "json":
            as_json(rows)
        elif rows:
            table(rows, list(rows[0]))
        else:
            typer.echo("no revision is published" + (f" for {period}" if period else ""))


def say(result: BuildResult) -> None:
    """What a build tells beside its own line: why the gate refused it, what became of an earlier decision."""
    for breach in result.breaches:
        typer.secho(breach, fg="red", err=True)
    if result.note:
        typer.secho(result.note, fg="yellow")


def release_change(settings: Settings, period: str, reason: str) -> BuildResult:
    """Release a period, and print what came of it."""
    from auyl.snapshot.release import release as accept

    result = accept(settings, period, reason, getpass.getuser())
    typer.echo(f"snapshot {period} {result.status}, revision {result.revision}, {result.rows} values")
    return result
