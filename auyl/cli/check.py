"""The command `check`: what is wrong before the night, in one line each."""

from __future__ import annotations

import typer

from auyl.cli.failures import expected_errors
from auyl.settings import from_environment


def check() -> None:
    """Faults of contracts, suites, catalogues, SQL and their links, each with file and line; exits 1 for any."""
    from auyl.checks import check_installation

    with expected_errors():
        settings = from_environment()
        if settings.home.exists() and settings.home.stat().st_uid == 0:
            text = f"AUYL_HOME: {settings.home} belongs to root, and so do the processes that work there. Fix: "
            typer.secho(f"{text}chown -R ACCOUNT {settings.home}, and start them as ACCOUNT", fg="yellow", err=True)
        faults = check_installation(settings)
        for fault in faults:
            typer.echo(str(fault))
        if faults:
            raise typer.Exit(1)
        typer.echo("no faults")
