"""Commands that make the synthetic oblast and run the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auyl.cli.shared import AnyPeriod, Period, month, told

Scale = Annotated[int, typer.Option(min=1, help="Divides the 1.6 M people.")]
Classifier = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="The official KATO file; an invented territory without it."),
]
Registries = Annotated[str, typer.Option(help="Only these, with commas; «spine» is the first six.")]


def synth(
    extracts: Annotated[Path, typer.Argument(help="Folder to write to.")],
    period: Period = "2026-10",
    people: Annotated[int, typer.Option(help="Persons of the oblast.")] = 80_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 19,
    kato: Annotated[Path | None, typer.Option(help="The official KATO file; an invented territory without it.")] = None,
    dirt: Annotated[float, typer.Option(help="Factor on the rates of all faults; 0 makes clean files.")] = 1.0,
    fault: Annotated[list[str] | None, typer.Option(help="KIND=RATE of one fault; may be repeated.")] = None,
) -> None:
    """Make the extracts of an invented oblast, with the truth beside them."""
    from lab import synthetic

    with told():
        rates = {"*": dirt} | {kind: float(rate) for kind, _, rate in (item.partition("=") for item in fault or [])}
        made = synthetic.make(extracts, month(period), people, seed, kato_file=kato, dirt=rates)
        for registry in made.rows:
            typer.echo(f"{registry:<18}{made.total(registry):>10,} rows")
        faults = sum(sum(kinds.values()) for kinds in made.dirt.values())
        typer.echo(f"{made.residents:,} residents, {faults:,} faults, the truth beside them")


def demo(scale: Scale = 20, kato: Classifier = None, period: AnyPeriod = None, registries: Registries = "") -> None:
    """An invented oblast through Airflow to the snapshot, then stop. As `make demo`; the last full month by default."""
    _stack(scale, kato, period, registries, stay=False)


def up(scale: Scale = 20, kato: Classifier = None, period: AnyPeriod = None, registries: Registries = "") -> None:
    """The same, and stay up with the pages until Ctrl-C. As `make up`."""
    _stack(scale, kato, period, registries, stay=True)


def _stack(scale: int, kato: Path | None, period: str | None, registries: str, *, stay: bool) -> None:
    from lab.stack.demo import Plan, chosen, last_month, run

    with told():
        plan = Plan(month(period or last_month()), scale, kato, stay, chosen(registries))
    raise typer.Exit(run(plan))
