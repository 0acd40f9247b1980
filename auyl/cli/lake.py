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
