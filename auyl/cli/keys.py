"""Commands on the key that person keys are made with. None of them shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auyl.cli.shared import installation


def status() -> None:
    """The fingerprints of this process's key and of the current key. Exits 1 when they are not the same."""
    from auyl.keys import rotation

    with installation() as settings:
        status = rotation.status(settings)
        known = status.current
        typer.echo(f"{settings.hash_key_file}  {status.fingerprint}")
        if known is None:
            typer.echo("current  none yet")
        else:
            settled = "settled" if known.settled_at else "its rotation was interrupted: run it again"
            typer.echo(
                f"current  {known.fingerprint}  key {known.key_no}, since {known.since:%Y-%m-%d %H:%M}, "
                f"by {known.put_by}: {known.reason}; {settled}"
            )
        typer.echo(f"vault     {status.current_persons} of {status.persons} persons have keys of this process")
        if not status.holds:
            raise typer.Exit(1)


def rotate(
    to: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="File with the new key, hex.")],
    reason: Annotated[str, typer.Option(help="Why; recorded in the ledger.")],
    allow_orphans: Annotated[
        bool, typer.Option(help="Go on although the numbers of some keys are no longer known.")
    ] = False,
) -> None:
    """Replace the key of everything stored. Waits for running work; run again, it ends one that was killed."""
    from auyl.keys import rotation

    with installation() as settings:
        done = rotation.rotate(settings, to, reason, allow_orphans, typer.echo)
        typer.echo(
            f"{done.status}: key {done.fingerprint} is current; {done.keys} keys, {done.orphans} of them orphans, "
            f"{done.files} files. AUYL_HASH_KEY_FILE must hold it from now on"
        )
