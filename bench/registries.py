"""How fast are all registries together? `auyl build` beside its limit, COPY of the same bytes.

Every registry of the synthetic oblast that has a contract. No peer: pandas takes in the core registries only.

`python -m bench.registries [--people N] [--runs N] [--only copy_limit,auyl_build] [--json]`
"""

from __future__ import annotations

import argparse
import sys

from bench.core_registries import asked, conclude, measure, table, to_copy_limit

NAMES = ("copy_limit", "copy_two_sessions", "auyl_build")


def main() -> None:
    """Measure, print, and end with 1 when the limit is missed, with 2 when something measured failed."""
    given, only = asked(argparse.ArgumentParser(prog="python -m bench.registries", description=__doc__), NAMES)
    bench = measure(given, only, None)
    medians = bench.medians()
    sys.exit(conclude("registries", bench.report(medians, [to_copy_limit(medians)]), table, given))


if __name__ == "__main__":
    main()
