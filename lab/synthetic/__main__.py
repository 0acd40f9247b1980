"""`python -m lab.synthetic --extracts DIR --period YYYY-MM --people N`."""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

from lab.synthetic.generate import make


def main() -> None:
    """Make the extracts and print their rows."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.synthetic", description="Make the extracts of an invented oblast."
    )
    parser.add_argument("--extracts", type=Path, required=True, help="folder to write below")
    parser.add_argument("--period", required=True, help="month, YYYY-MM")
    parser.add_argument("--people", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--kato", type=Path, help="official KATO table; without it the territory is invented")
    parser.add_argument(
        "--dirt", type=float, default=1.0, help="factor on the default rates of faults; 0 makes clean files"
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND=RATE", help="rate of one kind of fault; may be repeated"
    )
    given = parser.parse_args()
    start = time.perf_counter()
    try:
        rates = {"*": given.dirt} | {k: float(v) for k, _, v in (item.partition("=") for item in given.fault)}
        summary = make(given.extracts, given.period, given.people, given.seed, given.kato, rates)
    except (ValueError, OSError) as error:
        parser.exit(2, f"{error}\n")
    for registry, files in summary.rows.items():
        spoiled = sum(summary.dirt[registry].values())
        print(f"{registry:20} {len(files):4} files {summary.total(registry):10,} rows {spoiled:8,} faults")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    state = "unchanged" if summary.is_unchanged else "made"
    print(
        f"{state}: {summary.residents:,} residents in {summary.period}, "
        f"{time.perf_counter() - start:.1f} s, peak {peak:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
