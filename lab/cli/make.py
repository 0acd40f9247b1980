"""`synth`, `demo` and `up`: make the synthetic oblast, and run the whole pipeline on it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from auyl.cli.failures import expected_errors
from auyl.cli.shared import month
from lab.cli.options import LastMonth, last_month

KATO_HELP = "CSV of the official KATO classifier; without it the territory is synthetic too."
Scale = Annotated[int, typer.Option(min=1, help="Divides the oblast's 1.6 million people.")]
Classifier = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help=KATO_HELP)]
Registries = Annotated[
    str, typer.Option(help="Names separated by commas, or `core` for the six core registries; all by default.")
]


def synth(
    extracts: Annotated[Path, typer.Argument(help="Folder to write to.")],
    period: LastMonth = None,
    people: Annotated[int, typer.Option(help="Registered persons.")] = 80_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files, byte for byte.")] = 19,
    kato: Classifier = None,
    dirt: Annotated[float, typer.Option(help="Factor on the default rates of all faults; 0 makes clean files.")] = 1.0,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="KIND=RATE", help="Rate of one kind of fault; may be repeated.")
    ] = None,
) -> None:
    """Make the extracts of a synthetic oblast for one month, and their ground truth."""
    from lab import synthetic

    started = time.perf_counter()
    with expected_errors():
        when = month(period or last_month())
        try:
            rates = {"*": dirt} | {kind: float(rate) for kind, _, rate in (item.partition("=") for item in fault or [])}
            made = synthetic.make(extracts, when, people, seed, kato_file=kato, dirt=rates)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    for registry, files in made.rows.items():
        faults = sum(made.dirt[registry].values())
        typer.echo(f"{registry:20} {len(files):4} files {made.total(registry):10,} rows {faults:8,} faults")
    state = "unchanged" if made.is_unchanged else "made"
    typer.echo(f"{state}: {made.residents:,} residents in {made.period}, {time.perf_counter() - started:.1f} s")


def demo(scale: Scale = 20, kato: Classifier = None, period: LastMonth = None, registries: Registries = "") -> None:
    """Take a synthetic oblast through Airflow to the published snapshot, then stop. The same as `make demo`."""
    _run_demo(scale, kato, period, registries, stay=False)


def up(scale: Scale = 20, kato: Classifier = None, period: LastMonth = None, registries: Registries = "") -> None:
    """Run the demo and keep Airflow and the portal running until Ctrl-C. The same as `make up`."""
    _run_demo(scale, kato, period, registries, stay=True)


def _run_demo(scale: int, kato: Path | None, period: str | None, registries: str, *, stay: bool) -> None:
    from lab.stack.account import leave_root
    from lab.stack.plan import DemoPlan, choose_registries

    with expected_errors():
        plan = DemoPlan(month(period or last_month()), scale, kato, stay, choose_registries(registries))
        leave_root(plan)
    from lab.stack.demo import run

    raise typer.Exit(run(plan))
