"""Commands of the territory: editions of KATO, and what became of codes that an edition no longer has."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from auyl.cli.shared import Period, installation, period_or_newest


def load(
    kato: Annotated[Path, typer.Argument(help="The official KATO file, CSV.")],
    crosswalk: Annotated[Path | None, typer.Option(help="District dictionary of ГБД ФЛ, CSV.")] = None,
    addresses: Annotated[Path | None, typer.Option(help="РКА to KATO, CSV with columns rca, kato.")] = None,
    edition: Annotated[str | None, typer.Option(help="Name of the edition; from the file by default.")] = None,
) -> None:
    """Load an edition of KATO, the classifier of the territory."""
    from auyl.territory.reference import load_territory

    with installation() as settings:
        loaded = load_territory(settings, kato, crosswalk, addresses, edition)
        for name, value in asdict(loaded).items():
            parts = value.items() if isinstance(value, dict) else []
            text = ", ".join(f"{part} {n:,}" if isinstance(n, int) else f"{part} {n}" for part, n in parts) or value
            typer.echo(f"{name:<24}  {text}")


def changes(period: Period = None) -> None:
    """Write what became of earlier codes, from the registry `territory` and the district dictionary; print counts."""
    from auyl.territory.changes import write_changes

    with installation() as settings:
        for kind, codes in write_changes(settings, period_or_newest(settings, period)).items():
            typer.echo(f"{kind:<12}{codes:>8,}")


def current(
    kato: Annotated[str, typer.Argument(help="A code of KATO, of any edition.")],
    edition: Annotated[str | None, typer.Option(help="Edition of the code.")] = None,
    as_of: Annotated[datetime | None, typer.Option(help="Day of the extract, where the edition is unknown.")] = None,
) -> None:
    """The current code for one of an earlier edition. Exits 1 where there is none, with the reason."""
    from auyl.territory.changes import current_code

    with installation() as settings:
        answer = current_code(settings, kato, edition, as_of.date() if as_of else None)
        typer.echo(f"{answer.kato} -> {answer.today_kato or 'unknown'} ({answer.reason or answer.kind})")
        if answer.today_kato is None:
            raise typer.Exit(1)
