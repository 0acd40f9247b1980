"""How does linkage grow, and what does a day's change cost?

The same work at several sizes, a tenth of the persons being met without a number: names folded, pairs weighed, chosen,
and the index of persons written. Then, on the same persons, a hundredth of the records is new, and what the index, the
weighing of these and the choice among all pairs take is set beside the whole.

`python -m bench.linkage [--people 400000,800000,1600000,3200000] [--json]`
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

MAX_SECONDS, MAX_GIB, AT_PEOPLE = 180, 6, 1_600_000
MAX_DAY_SHARE = 0.1
# Twice the rows may take a little more than twice the time: strangers who share a block grow faster than people.
MAX_GROWTH = 1.15


def one(people: int) -> dict[str, Any]:
    """Link once in this process: seconds of the whole and of a day's change, also of the processor; peak GiB."""
    from auyl.linkage.persons import index, model, scoring, weigh
    from auyl.settings import from_environment
    from auyl.store import duck
    from auyl.store.lake import Lake
    from lab.synthetic import keyless

    with tempfile.TemporaryDirectory(prefix="auyl-", dir=os.environ.get("AUYL_HOME")) as folder:
        command = [sys.executable, "-c", _MAKE, folder, str(people)]
        subprocess.run(command, check=True)
        made = keyless.Laboratory(Path(folder) / "known.parquet", Path(folder) / "keyless.parquet")
        key = Path(folder) / "hash.key"
        key.write_text(secrets.token_hex(32), encoding="ascii")
        settings = replace(from_environment(), lake=f"{folder}/lake", hash_key_file=key)
        lake = Lake(settings.lake)
        trained = model.load(settings.include)
        with duck.connect(settings) as con:
            model.read_laboratory(con, made.known, made.keyless)
            con.execute("create temp table person as select unique_id::bigint as number, * from lab_known")
            con.execute("drop table lab_known")
            con.execute("create temp table fresh as from lab_record where hash(unique_id) % 100 = 0")
            with _Clock() as whole:
                for relation in ("person", "lab_record"):
                    model.features(con, settings.include, relation, f"{relation}_features")
                index.write(con, settings, lake, "index.bin", "person_features", "unique_id::bigint")
                weigh.weigh(con, settings.include, trained, "person_features", "lab_record_features", "pair")
                weigh.choose(con, settings.include, trained, "pair", "choice")
            # What was weighed the day before, when a hundredth of the records had not come.
            con.execute("create temp table former as from pair anti join fresh on record = unique_id")
            with _Clock() as day:
                model.features(con, settings.include, "fresh", "fresh_features")
                index.near(con, settings, lake, "index.bin", "fresh_features", "near_person")
                con.execute(
                    "create temp table near as from person semi join near_person on number = near_person.person"
                )
                model.features(con, settings.include, "near", "near_features")
                weigh.weigh(con, settings.include, trained, "near_features", "fresh_features", "weighed_now")
                con.execute("create temp table stepwise as from former union all by name from weighed_now")
                weigh.choose(con, settings.include, trained, "stepwise", "choice_again")
            ((records, pairs, differ),) = con.execute(
                "select (select count(*) from lab_record), "
                f"(select count(*) from ({scoring.candidates('person_features', 'lab_record_features')})), "
                "(select count(*) from ((from choice except from choice_again) union all "
                "(from choice_again except from choice)))"
            ).fetchall()
    return {
        "people": people,
        "records": records,
        "pairs_per_record": round(pairs / records, 2),
        "whole_s": round(whole.seconds, 2),
        "whole_cpu_s": round(whole.cpu_seconds, 2),
        "day_s": round(day.seconds, 2),
        "day_cpu_s": round(day.cpu_seconds, 2),
        "day_share": round(day.cpu_seconds / whole.cpu_seconds, 3),
        "differ": differ,
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


class _Clock:
    """Seconds, and seconds of the processor, which a neighbour on the machine hardly changes."""

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
            asked.append(("share of a day's change", row["day_share"], MAX_DAY_SHARE))
        asked.append((f"links that differ at {row['people']:,}", row["differ"], 0))
    for less, more in pairwise(rows):
        growth = (more["whole_cpu_s"] / less["whole_cpu_s"]) / (more["records"] / less["records"])
        asked.append((f"growth from {less['people']:,}, over that of the rows", round(growth, 3), MAX_GROWTH))
    return [(name, value, limit, value <= limit) for name, value, limit in asked]


if __name__ == "__main__":
    main()
