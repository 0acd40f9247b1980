"""How fast are the core registries? `auyl build` compared with COPY of the same bytes and with pandas and `to_sql`.

All take the same six registries. `python -m bench.registries` takes every registry, without pandas. The limit on pandas
is judged by `pandas_way`; shown with it are `pandas_copy`, whose `to_sql` uses COPY, `pandas_parquet`, which stores
files where `auyl build` does, and `pandas_lean`, which does less.

`python -m bench.core_registries [--people N] [--runs N] [--only copy_limit,auyl_build,pandas_way] [--json]`
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from bench.command import conclude, measure, parse
from bench.harness import PANDAS_SHARE, Bench
from bench.report import PANDAS_FIXED, TITLES, medians_of, report, table, to_copy_limit, verdict
from lab import CORE_REGISTRIES

MIN_TO_PANDAS, MAX_PEAK_MIB = 15.0, 4096.0


def core_report(bench: Bench) -> dict[str, Any]:
    """The report with the limits of the core registries."""
    medians = medians_of(bench)
    to_pandas = medians["pandas_way"]["to_build"] if "pandas_way" in medians else None
    peak = medians["auyl_build"]["peak_mib"] if "auyl_build" in medians else None
    verdicts = [
        to_copy_limit(medians),
        verdict(f"at least {MIN_TO_PANDAS:g} times faster than pandas", to_pandas, least=MIN_TO_PANDAS),
        verdict(f"peak memory at most {MAX_PEAK_MIB:,.0f} MiB", peak, most=MAX_PEAK_MIB),
    ]
    pandas = {
        "people": bench.people // PANDAS_SHARE,
        "scaled": f"parts {', '.join(PANDAS_FIXED)} once, all others times {PANDAS_SHARE}",
        "share_of_values_as_auyl_build": bench.agreement,
        "differing_by_theme": bench.differing,
    }
    return report(bench, medians, verdicts) | {"pandas": pandas}


def main() -> None:
    """Measure, print, and exit with 1 when a limit is missed, with 2 when a measured process failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.core_registries", description=__doc__)
    given, names = parse(parser, tuple(TITLES))
    bench = measure(given, names, CORE_REGISTRIES)
    sys.exit(conclude("core_registries", core_report(bench), table, given))


if __name__ == "__main__":
    main()
