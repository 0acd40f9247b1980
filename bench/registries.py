"""How fast are all registries together? `auyl build` compared with COPY of the same bytes.

Every registry of the synthetic oblast that has a contract. No peer: pandas takes in the core registries only.

`python -m bench.registries [--people N] [--runs N] [--only copy_limit,auyl_build] [--json]`
"""

from __future__ import annotations

import argparse
import sys

from bench.command import conclude, measure, parse
from bench.report import medians_of, report, table, to_copy_limit

NAMES = ("copy_limit", "copy_two_sessions", "auyl_build")


def main() -> None:
    """Measure, print, and exit with 1 when the limit is missed, with 2 when a measured process failed."""
    given, names = parse(argparse.ArgumentParser(prog="python -m bench.registries", description=__doc__), NAMES)
    bench = measure(given, names, None)
    medians = medians_of(bench)
    sys.exit(conclude("registries", report(bench, medians, [to_copy_limit(medians)]), table, given))


if __name__ == "__main__":
    main()
