"""How does the cost of linkage grow?

The same work at several sizes, with a tenth of the persons as records without a number: names folded, candidate pairs
scored, links chosen.

`python -m bench.linkage [--people 400000,800000,1600000,3200000] [--json]`
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

MAX_SECONDS, MAX_GIB, AT_PEOPLE = 180, 6, 1_600_000
# Twice the rows may take a little more than twice the time: pairs of strangers grow faster than people.
MAX_GROWTH = 1.15


def one(people: int) -> dict[str, Any]:
    """Link once in this process: seconds of wall clock and of the processor, peak GiB."""
    from auyl.linkage.persons import match_weights, model
    from auyl.settings import from_environment
    from auyl.store import duck
    from lab.evaluation.training import read_synthetic
    from lab.synthetic import keyless

    with tempfile.TemporaryDirectory(prefix="auyl-", dir=os.environ.get("AUYL_HOME")) as folder:
        command = [sys.executable, "-c", _MAKE, folder, str(people)]
        subprocess.run(command, check=True)
        made = keyless.Laboratory(Path(folder) / "known.parquet", Path(folder) / "keyless.parquet")
        settings = from_environment()
        trained = model.load(settings.include)
        known, records = "lab_known_features", "lab_record_features"
        with duck.connect(settings) as con:
            read_synthetic(con, made.known, made.keyless)
            with _Clock() as whole:
                for relation in ("lab_known", "lab_record"):
                    match_weights.create_features(con, settings.include, relation)
                match_weights.create_pairs(con, settings.include, trained, known, records, "pair")
                match_weights.choose_links(con, settings.include, trained, "pair", "choice")
            candidates = match_weights.candidates(trained, known, records)
            ((record_count, pairs, links),) = con.execute(
                f"select (select count(*) from lab_record), (select count(*) from ({candidates})), "
                "(select count(*) from choice where outcome = 'link')"
            ).fetchall()
    return {
        "people": people,
        "records": record_count,
        "pairs_per_record": round(pairs / record_count, 2),
        "links": links,
        "whole_s": round(whole.seconds, 2),
        "whole_cpu_s": round(whole.cpu_seconds, 2),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


class _Clock:
    """Seconds of wall clock, and of the processor, which other work on the machine hardly changes."""

    def __enter__(self) -> _Clock:
        self.seconds, self.cpu_seconds = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()
        self.cpu_seconds += time.process_time()


_MAKE = """
import sys
from pathlib import Path
from lab.synthetic import keyless
keyless.make(Path(sys.argv[1]), int(sys.argv[2]), 777)
"""


def main() -> None:
    """Measure each size in a process of its own, print, and end with 1 when a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.linkage", description=__doc__)
    parser.add_argument("--people", default="400000,800000,1600000,3200000")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one)))
        return
    rows = []
    for people in map(int, given.people.split(",")):
        command = [sys.executable, "-W", "ignore", "-m", "bench.linkage", "--one", str(people)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        if not given.json:
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    limits = _limits(rows)
    if given.json:
        print(json.dumps({"runs": rows, "limits": limits}, indent=1))
    else:
        for name, value, limit, holds in limits:
            print(f"{name}: {value} (at most {limit}) {'holds' if holds else 'MISSED'}")
    sys.exit(0 if all(holds for *_, holds in limits) else 1)


def _limits(rows: list[dict[str, Any]]) -> list[tuple[str, float, float, bool]]:
    asked: list[tuple[str, float, float]] = []
    for row in rows:
        if row["people"] == AT_PEOPLE:
            asked.append(("seconds of the whole", row["whole_s"], MAX_SECONDS))
            asked.append(("GiB", row["peak_gib"], MAX_GIB))
    for less, more in pairwise(rows):
        growth = (more["whole_cpu_s"] / less["whole_cpu_s"]) / (more["records"] / less["records"])
        asked.append((f"growth from {less['people']:,}, over that of the rows", round(growth, 3), MAX_GROWTH))
    return [(name, value, limit, value <= limit) for name, value, limit in asked]


if __name__ == "__main__":
    main()
