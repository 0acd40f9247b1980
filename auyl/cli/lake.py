"""Commands on the lake as a whole."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from auyl.cli.shared import installation


def adopt(
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger and in the audit.")],
    copy: Annotated[
        bool, typer.Option("--copy", help="This pair is a copy: a new id, so that neither works with the originals.")
    ] = False,
    allow_lost: Annotated[
        bool, typer.Option("--allow-lost", help="Although the lake lacks landings that the ledger names.")
    ] = False,
) -> None:
    """Bind the lake of AUYL_LAKE to this database: one that was restored, or belonged to another database. Repeatable.

    A lake that was moved with all its files needs no command but the new AUYL_LAKE.
    """
    from auyl.store import binding

    with installation() as settings:
        done = binding.adopt(settings, reason, getpass.getuser(), copy, allow_lost)
        lost = f"; {done.lost} landings are missing: auyl check --lake" if done.lost else ""
        what = "belongs to this database from now on" if done.is_new else "belongs to this database already"
        typer.echo(f"lake {done.lake_id[:8]} {what}{lost}")


def separate(reason: Annotated[str, typer.Option(help="Why; kept in the audit.")]) -> None:
    """Move private texts out of raw, stage and quarantine: those of a former version, or of a column that is private
    since today. Nothing that counts changes. Repeatable; no other process of the pipeline should run.
    """
    from auyl.intake import separate as separation

    with installation() as settings:
        done = separation.separate(settings, reason, getpass.getuser())
        for one in done:
            typer.echo(
                f"{one.registry}: {one.moved} files moved to identity, {one.rewritten} of stage without their texts"
            )
        if not done:
            typer.echo("no private text is outside identity, so the reason is not stored")
