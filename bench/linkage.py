"""How does linkage grow, and what does a day's change cost?

The same work at several sizes, a tenth of the persons being met without a number: names folded, pairs weighed, chosen.
Then a hundredth of both sides changes, and what stepwise linkage takes is set beside the whole.

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
MAX_DAY_SHARE = 0.1
# Twice the rows may take a little more than twice the time: the noise of a shared machine.
MAX_GROWTH = 1.15


def one(people: int) -> dict[str, Any]:
    """Link once in this process: seconds of the whole and of a day's change, peak memory in GiB."""
    from auyl import duck
    from auyl.linkage.persons import model, weigh
    from auyl.settings import from_environment
    from auyl.synthetic import keyless

    settings = from_environment()
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=os.environ.get("AUYL_HOME")) as folder:
        command = [sys.executable, "-c", _MAKE, folder, str(people)]
        subprocess.run(command, check=True)
        made = keyless.Laboratory(Path(folder) / "known.parquet", Path(folder) / "keyless.parquet")
        with duck.connect(settings) as con:
            trained = model.load(settings.include)
            model.read_laboratory(con, made.known, made.keyless)
            began = time.perf_counter()
            for relation in ("lab_known", "lab_record"):
                model.features(con, settings.include, relation, f"{relation}_features")
            weigh.weigh(con, trained, "lab_known_features", "lab_record_features", "pair")
            weigh.choose(con, settings.include, trained, "pair", "choice")
            whole = time.perf_counter() - began
            con.execute(
                "create temp table changed as "
                "select 'known' as side, unique_id from lab_known where hash(unique_id) % 100 = 0 "
                "union all select 'record', unique_id from lab_record where hash(unique_id) % 100 = 0"
            )
            began = time.perf_counter()
            for side, relation in (("known", "lab_known"), ("record", "lab_record")):
                con.execute(
                    f"create or replace temp view fresh as select r.* from {relation} as r "
                    f"semi join (from changed where side = '{side}') as c using (unique_id)"
                )
                model.features(con, settings.include, "fresh", "fresh_features")
            weigh.weigh_changes(
                con,
                settings.include,
                trained,
                "lab_known_features",
                "lab_record_features",
                "pair",
                "changed",
                "stepwise",
            )
            weigh.choose(con, settings.include, trained, "stepwise", "choice_again")
            day = time.perf_counter() - began
            ((records, differ),) = con.execute(
                "select (select count(*) from lab_record), (select count(*) from "
                "((from choice except from choice_again) union all (from choice_again except from choice)))"
            ).fetchall()
    return {
        "people": people,
        "records": records,
        "whole_s": round(whole, 2),
        "day_s": round(day, 2),
        "day_share": round(day / whole, 3),
        "differ": differ,
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


_MAKE = """
import sys
from pathlib import Path
from auyl.synthetic import keyless
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
        growth = (more["whole_s"] / less["whole_s"]) / (more["records"] / less["records"])
        asked.append((f"growth from {less['people']:,}, over that of the rows", round(growth, 3), MAX_GROWTH))
    return [(name, value, limit, value <= limit) for name, value, limit in asked]


if __name__ == "__main__":
    main()
