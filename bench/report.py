"""Results of a bench as a report: medians, ratios, limits, and the report as Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bench.harness import PANDAS_SHARE, PEERS, Bench
from bench.measured import Measured

TITLES = {
    "copy_limit": "server's COPY, unlogged text (the limit)",
    "copy_two_sessions": "the same by two sessions at once",
    "auyl_build": "`auyl build`",
    "pandas_way": "pandas and `to_sql`, scaled from a tenth",
    "pandas_copy": "the same, `to_sql` by COPY, not judged",
    "pandas_parquet": "the same, Parquet where build has it, not judged",
    "pandas_lean": "pandas that does less, not judged",
}
# These parts of the pandas way take the same time for any number of people.
PANDAS_FIXED = (
    "imports", "territory", "ledger", "budget_okrug: land", "budget_okrug", "budget_okrug: store raw",
    "budget_okrug: store stage and quarantine", "indicators", "gate", "store links", "store snapshot",
)  # fmt: skip
MAX_TO_COPY = 4.0

Medians = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Verdict:
    """A limit, the measured value, and whether the limit is met; both None when it was not measured."""

    limit: str
    measured: float | None
    is_met: bool | None


def verdict(limit: str, value: float | None, most: float | None = None, least: float | None = None) -> Verdict:
    """A verdict on a value that may be at most `most` and at least `least`."""
    if value is None:
        return Verdict(limit, None, None)
    return Verdict(limit, value, (most is None or value <= most) and (least is None or value >= least))


def to_copy_limit(medians: Medians) -> Verdict:
    """How many times the COPY limit `auyl build` takes."""
    to_copy = medians["auyl_build"]["to_copy"] if "auyl_build" in medians else None
    return verdict(f"auyl build at most {MAX_TO_COPY:g} times the COPY limit", to_copy, most=MAX_TO_COPY)


def header(people: int, period: str) -> dict[str, Any]:
    """What a report says about itself and the machine."""
    return {
        "people": people,
        "period": period,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
    }


def medians_of(bench: Bench) -> Medians:
    """Medians and ratios by name. PostgreSQL's memory is separate from that of the process."""
    medians: Medians = {}
    for name in (name for name in TITLES if name in bench.results):
        runs = bench.results[name]
        seconds = [_scaled(run) if name in PEERS else run.seconds for run in runs]
        medians[name] = {
            "seconds": statistics.median(seconds),
            "fastest": min(seconds),
            "slowest": max(seconds),
            "cpu_seconds": statistics.median(run.cpu_seconds for run in runs),
            "peak_mib": statistics.median(run.peak_mib for run in runs),
            "server_peak_mib": statistics.median(run.server_mib for run in runs),
        }
    for row in medians.values():
        for ratio, other in (("to_copy", "copy_limit"), ("to_build", "auyl_build")):
            row[ratio] = row["seconds"] / medians[other]["seconds"] if other in medians else None
    return medians


def _scaled(measured: Measured) -> float:
    """Seconds for all people, from a run on a tenth of them."""
    parts = measured.output.get("parts", {})
    fixed = sum(parts.get(name, 0.0) for name in PANDAS_FIXED)
    return fixed + PANDAS_SHARE * (measured.seconds - fixed)


def report(bench: Bench, medians: Medians, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Medians, ratios and limits, with what a reader must know."""
    return {
        **header(bench.people, bench.period),
        **bench.facts,
        "medians": medians,
        "limits": [asdict(verdict) for verdict in verdicts],
        "runs": {name: [asdict(run) for run in runs] for name, runs in bench.results.items()},
        "not_measured": [
            "making the extracts, linking the measured ones into a folder, reading them once into the page cache",
            "PostgreSQL's start, an empty database, migrations, loading the territory",
            "for COPY: files where the server can read them; the sheets of workbooks as CSV, since COPY cannot read a "
            "workbook, so the limit reads the text of the cells and not the archive; UTF-16, which PostgreSQL does not "
            "support, as UTF-8",
        ],
        "memory": "peak_mib: the process alone; server_peak_mib: PostgreSQL, private memory of all its processes "
        "and the shared memory once, sampled five times a second",
    }


def table(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    lines = [
        f"{report['people']:,} people, {_amount(report)}, medians of "
        f"{max(len(runs) for runs in report['runs'].values())} whole processes (fastest–slowest), "
        f"{report['machine']['cpus']} CPUs",
        "",
        "| | s | fastest–slowest | times COPY | times `auyl build` | own CPU s | peak MiB | PostgreSQL's peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in report["medians"].items():
        cpu = "" if name in PEERS else f"{row['cpu_seconds']:.1f}"
        lines.append(
            f"| {TITLES[name]} | {row['seconds']:.1f} | {row['fastest']:.1f}–{row['slowest']:.1f} | "
            f"{_ratio(row['to_copy'])} | {_ratio(row['to_build'])} | {cpu} | {row['peak_mib']:,.0f} | "
            f"{row['server_peak_mib']:,.0f} |"
        )
    lines += limits_table(report["limits"])
    for name, agreement in report.get("pandas", {}).get("share_of_values_as_auyl_build", {}).items():
        differing = ", ".join(f"{theme} {n}" for theme, n in report["pandas"]["differing_by_theme"][name].items())
        others = f" The others, by theme: {differing}." if differing else ""
        lines += ["", f"{name} has {agreement:.1%} of the values of `auyl build`, within 2%.{others}"]
    if set(PEERS) & set(report["medians"]):
        lines += ["", f"Seconds of pandas: {report['pandas']['scaled']}; its peak is that of a tenth of the people."]
    lines += ["", "Not measured: " + "; ".join(report["not_measured"]) + "."]
    return "\n".join(lines)


def limits_table(limits: Sequence[dict[str, Any]]) -> list[str]:
    """Lines of a table of verdicts."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    return [
        "", "| limit | measured | |", "|---|---:|---|",
        *(f"| {v['limit']} | {_ratio(v['measured'])} | {words[v['is_met']]} |" for v in limits),
    ]  # fmt: skip


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _amount(report: dict[str, Any]) -> str:
    copied = report.get("bytes_for_copy")
    as_copy = "" if copied is None else f" ({copied / 1e6:,.1f} MB as COPY reads them)"
    return f"{len(report['registries'])} registries, {report['bytes'] / 1e6:,.1f} MB of extracts{as_copy}"
