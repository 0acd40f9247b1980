"""How much time does Airflow add? `auyl build` and the same extracts through the real scheduler, in one run.

`python -m bench.airflow [--scale N] [--runs N] [--json]`; the default is the default demo, 80,000 people.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from auyl.errors import AuylError
from auyl.store.embedded import EmbeddedPostgres
from bench.command import add_common_options, conclude, exclusive, tell
from bench.harness import Bench
from bench.measured import ChildFailed
from bench.report import header, limits_table, verdict
from lab.stack import demo, report
from lab.stack.plan import DemoPlan

MAX_ADDED_S = 40.0


class Progress(demo.Progress):
    """The demo's progress, on standard error."""

    def __call__(self, text: str) -> None:
        self._last = time.monotonic()
        tell(f"    {text}")


def through_airflow(plan: DemoPlan, extracts: Path, home: Path) -> float:
    """Seconds of `first_run` on an empty lake and empty databases below `home`. Raises ChildFailed."""
    shutil.rmtree(home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("AUYL_")]:
        del os.environ[name]
    os.environ["AUYL_HOME"] = str(home)
    try:
        with demo.ready(plan, Progress(), extracts) as up:
            seconds = first_run(up)
    except AuylError as error:
        raise ChildFailed(f"Airflow: {error}") from error
    finally:
        del os.environ["AUYL_HOME"]
    EmbeddedPostgres(home).destroy()
    shutil.rmtree(home, ignore_errors=True)
    return seconds


def first_run(up: demo.Installation) -> float:
    """Seconds from the first trigger to the end of the run that published. Raises ChildFailed when none did."""
    os.sync()  # as before every measured process
    began = time.perf_counter()
    demo.through_airflow(up.plan, up.airflow, Progress())
    seconds = time.perf_counter() - began
    if report.current_revision(up.settings.dsn, up.plan.period) is None:
        raise ChildFailed(f"nothing was published through Airflow; logs: {up.supervisor.logs}")
    return seconds


def measure(bench: Bench, plan: DemoPlan, runs: int) -> dict[str, list[float]]:
    """Seconds of `auyl_build` and `airflow`, measured in turns."""
    seconds: dict[str, list[float]] = {"auyl_build": [], "airflow": []}
    extracts = bench.extracts(plan.people)
    with bench.serving():
        for number in range(1, runs + 1):
            bench.say(f"round {number} of {runs}")
            bench.build(extracts)
            seconds["auyl_build"].append(bench.results["auyl_build"][-1].seconds)
            seconds["airflow"].append(through_airflow(plan, extracts, bench.work / "airflow"))
            bench.say(f"  {'airflow':18} {seconds['airflow'][-1]:7.1f} s")
    return seconds


def summary(people: int, period: str, seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Medians, the time that Airflow adds, and the limit."""
    medians = {name: statistics.median(runs) for name, runs in seconds.items()}
    added = medians["airflow"] - medians["auyl_build"]
    return {
        **header(people, period),
        "median_seconds": medians,
        "added_seconds": added,
        "limits": [asdict(verdict(f"Airflow adds at most {MAX_ADDED_S:g} s", added, most=MAX_ADDED_S))],
        "runs": seconds,
        "not_measured": [
            "making the extracts; PostgreSQL's start, migrations, loading the territory",
            "for Airflow: its start, until it knows the DAGs and its API responds",
        ],
        "differences": [
            "`auyl build` takes the files of all registries from a folder; through Airflow employment comes over "
            "HTTP from a server that fails and repeats, ambulance from a database",
        ],
    }


def table(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    lines = [
        f"{report['people']:,} people, medians of {len(report['runs']['airflow'])} runs, "
        f"{report['machine']['cpus']} CPUs, load {report['machine']['load']:.1f}",
        "",
        "| | s | fastest–slowest |",
        "|---|---:|---:|",
    ]
    titles = {"auyl_build": "`auyl build`, whole process", "airflow": "Airflow, first trigger to published"}
    for name, title in titles.items():
        runs = report["runs"][name]
        lines.append(f"| {title} | {report['median_seconds'][name]:.1f} | {min(runs):.1f}–{max(runs):.1f} |")
    lines += [f"| Airflow adds | {report['added_seconds']:.1f} | |", *limits_table(report["limits"])]
    lines += ["", "Not measured: " + "; ".join(report["not_measured"]) + "."]
    return "\n".join([*lines, "Differences: " + "; ".join(report["differences"]) + "."])


def main() -> None:
    """Measure, print, and exit with 1 when the limit is missed, with 2 when a measured process failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.airflow", description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="divides the 1.6 M people")
    add_common_options(parser)
    given = parser.parse_args()
    plan = DemoPlan(given.period, given.scale)
    try:
        with exclusive(given.work) as work:
            seconds = measure(Bench(plan.people, plan.period, work, tell), plan, given.runs)
    except ChildFailed as error:
        parser.exit(2, f"{error}\n")
    sys.exit(conclude("airflow", summary(plan.people, plan.period, seconds), table, given))


if __name__ == "__main__":
    main()
