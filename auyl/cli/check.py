"""The command `check`: what is wrong before the night, in one line each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from auyl.cli.failures import expected_errors
from auyl.cli.shared import RegistryOrAll, installation, table
from auyl.settings import from_environment


def check(
    registry: RegistryOrAll = None,
    lake: Annotated[bool, typer.Option("--lake", help="Compare the lake with the ledger instead.")] = False,
) -> None:
    """Faults of contracts, suites, catalogues, SQL and their links, each with file and line; exits 1 for any.

    With --lake: files that the ledger names and the lake has lost, or has with other bytes or rows. Changes nothing.
    """
    with expected_errors():
        settings = from_environment()
        if settings.home.exists() and settings.home.stat().st_uid == 0:
            text = f"AUYL_HOME: {settings.home} belongs to root, and so do the processes that work there. Fix: "
            typer.secho(f"{text}chown -R ACCOUNT {settings.home}, and start them as ACCOUNT", fg="yellow", err=True)
        faults = _of_lake(registry) if lake else _of_descriptions(registry)
        for fault in faults:
            typer.echo(fault)
        if faults:
            raise typer.Exit(1)
        typer.echo("no faults")


def _of_descriptions(registry: str | None) -> list[str]:
    from auyl.checks import check_installation, check_registry

    settings = from_environment()
    return [str(fault) for fault in (check_registry(settings, registry) if registry else check_installation(settings))]


def _of_lake(registry: str | None) -> list[str]:
    from auyl.checks.lake import check_lake

    with installation() as settings:
        found = check_lake(settings, registry)
    columns = ["registry", "deliveries", "files", "size_bytes", "parts", "erased", "faults"]
    table([asdict(state) for state in found.registries], columns)
    if found.unnamed:
        counts = ", ".join(f"{zone} {count}" for zone, count in sorted(found.unnamed.items()))
        typer.echo(f"files that no row of the ledger names, harmless: {counts}")
    return found.faults
