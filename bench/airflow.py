"""What does Airflow add? `auyl build` beside the same extracts through the real scheduler, in one run.

`python -m bench.airflow [--scale N] [--runs N] [--json]`; the default is the default demo, 80,000 people.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auyl.errors import AuylError
from auyl.store.embedded import EmbeddedPostgres
from bench import REPOSITORY
from bench.core_registries import Bench, Verdict, alone, conclude, tell
from bench.measured import ChildFailed, Measured
from lab.stack import demo, report

MAX_ADDED_S = 40.0


class Telling(demo.Progress):
    """The demo's progress, on standard error."""

    def __call__(self, text: str) -> None:
        self._said = time.monotonic()
        tell(f"    {text}")


def through_airflow(plan: demo.Plan, extracts: Path, home: Path) -> float:
    """`first_run` on an empty lake and empty databases below `home`. Raises ChildFailed."""
    shutil.rmtree(home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("AUYL_")]:
        del os.environ[name]
    os.environ["AUYL_HOME"] = str(home)
    try:
        with demo.ready(plan, Telling(), extracts) as up:
            seconds = first_run(up)
    except AuylError as error:
        raise ChildFailed(f"Airflow: {error}") from error
    finally:
        del os.environ["AUYL_HOME"]
    EmbeddedPostgres(home).destroy()
    shutil.rmtree(home, ignore_errors=True)
    return seconds


def first_run(up: demo.Ready) -> float:
    """Seconds from the first trigger to the end of the run that published. Raises ChildFailed when nothing was."""
    os.sync()  # as before `auyl build`
    began = time.perf_counter()
    demo.through_airflow(up.plan, up.airflow, Telling())
    seconds = time.perf_counter() - began
    if report.current_revision(up.settings.dsn, up.plan.period) is None:
        raise ChildFailed(f"nothing was published through Airflow; logs: {up.supervisor.logs}")
    return seconds


def measure(bench: Bench, plan: demo.Plan, runs: int) -> dict[str, list[float]]:
    """Seconds of each, in turns."""
    seconds: dict[str, list[float]] = {"auyl_build": [], "airflow": []}
    extracts = bench.extracts(plan.people)
    with bench.serving():
        for number in range(1, runs + 1):
            bench.say(f"round {number} of {runs}")
            bench.build(extracts)
            built: Measured = bench.results["auyl_build"][-1]
            seconds["auyl_build"].append(built.seconds)
            seconds["airflow"].append(through_airflow(plan, extracts, bench.work / "airflow"))
            bench.say(f"  {'airflow':18} {seconds['airflow'][-1]:7.1f} s")
    return seconds


def summary(people: int, period: str, seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Medians, what Airflow adds, and the limit."""
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    added = medians["airflow"] - medians["auyl_build"]
    return {
        "people": people,
        "period": period,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "median_seconds": medians,
        "added_seconds": added,
        "limits": [asdict(Verdict(f"Airflow adds at most {MAX_ADDED_S:g} s", added, added <= MAX_ADDED_S))],
        "runs": seconds,
        "outside_of_the_clock": [
            "making the extracts; PostgreSQL's start, migrations, loading the territory",
            "for Airflow: its own start, until it knows the DAGs and its API answers",
        ],
        "not_alike": [
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
    lines += [f"| Airflow adds | {report['added_seconds']:.1f} | |", "", "| limit | measured | |", "|---|---:|---|"]
    lines += [f"| {v['limit']} | {v['measured']:.1f} | {'kept' if v['kept'] else 'MISSED'} |" for v in report["limits"]]
    lines += ["", "Outside of the clock: " + "; ".join(report["outside_of_the_clock"]) + "."]
    return "\n".join([*lines, "Not alike: " + "; ".join(report["not_alike"]) + "."])


def main() -> None:
    """Measure, print, and end with 1 when the limit is missed, with 2 when something measured failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.airflow", description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="divides the 1.6 M people")
    parser.add_argument("--period", default="2026-10")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder for extracts, lake and server; <AUYL_HOME>/bench by default")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "bench" / "results", help="folder for the JSON")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    given = parser.parse_args()
    plan = demo.Plan(given.period, given.scale)
    try:
        with alone(given.work) as work:
            seconds = measure(Bench(plan.people, plan.period, work, tell), plan, given.runs)
    except ChildFailed as error:
        parser.exit(2, f"{error}\n")
    sys.exit(conclude("airflow", summary(plan.people, plan.period, seconds), table, given))


if __name__ == "__main__":
    main()
