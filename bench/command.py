"""What the commands of the bench share: options, progress, one bench at a time, saving and printing the report."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import REPOSITORY
from bench.harness import Bench
from bench.measured import ChildFailed


def parse(parser: argparse.ArgumentParser, names: Sequence[str]) -> tuple[argparse.Namespace, set[str]]:
    """Parse the command line of a bench that can measure `names`; returns it and the names to measure."""
    parser.add_argument("--people", type=int, default=1_600_000)
    parser.add_argument("--only", default=",".join(names), help=f"some of {','.join(names)}")
    add_common_options(parser)
    given = parser.parse_args()
    only = {name.strip() for name in given.only.split(",")}
    if unknown := only - set(names):
        parser.error(f"--only: {', '.join(sorted(unknown))} is none of {', '.join(names)}")
    return given, only


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every bench."""
    parser.add_argument("--period", default="2026-10")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder for extracts, lake and server; <AUYL_HOME>/bench by default")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "bench" / "results", help="folder for the JSON")
    parser.add_argument("--json", action="store_true", help="print JSON only")


def measure(given: argparse.Namespace, names: Collection[str], registries: Collection[str] | None) -> Bench:
    """Measure all rounds. Exits with 2 when a measured process failed."""
    try:
        with exclusive(given.work) as work:
            bench = Bench(given.people, given.period, work, tell)
            bench.rounds(given.runs, names, registries)
    except ChildFailed as error:
        tell(str(error))
        sys.exit(2)
    return bench


def tell(text: str) -> None:
    """Print progress to standard error; the report goes to standard output."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def exclusive(folder: Path | None) -> Iterator[Path]:
    """The work folder, `<AUYL_HOME>/bench` by default, locked against other benches. Raises ChildFailed."""
    work = folder or Path(os.environ.get("AUYL_HOME") or REPOSITORY / ".auyl") / "bench"
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChildFailed(f"another bench works in {work}") from None
        yield work.absolute()


def conclude(
    name: str, report: dict[str, Any], as_table: Callable[[dict[str, Any]], str], given: argparse.Namespace
) -> int:
    """Save the report in the folder for results and print it; returns 1 when a limit is missed, else 0."""
    given.results.mkdir(parents=True, exist_ok=True)
    file = given.results.resolve() / f"{name}_{report['people']}_{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    text = json.dumps(report, ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    where = file.relative_to(REPOSITORY) if file.is_relative_to(REPOSITORY) else file
    print(text if given.json else f"{as_table(report)}\n\n{where}")
    return int(any(verdict["is_met"] is False for verdict in report["limits"]))
