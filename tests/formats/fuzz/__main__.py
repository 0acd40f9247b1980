"""`python -m tests.formats.fuzz [--mutants 5000] [--seed N] [--registry R …] [--kind K …]`: a table; 1 on a fault."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from auyl.settings import Settings, from_environment
from tests.formats.fuzz.corpus import Sample, samples
from tests.formats.fuzz.mutations import KINDS, Mutant, mutate
from tests.formats.fuzz.trial import ACCEPTED, AT_RECORD, FAULTS, REFUSED, Laboratory, Outcome


def settings_below(folder: Path) -> Settings:
    """Settings of an installation without a database."""
    (folder / "home").mkdir(mode=0o700, parents=True)
    (folder / "home" / "spill").mkdir()
    key = folder / "home" / "hash.key"
    key.write_text("11" * 32)
    return replace(from_environment(), home=folder / "home", lake=str(folder / "lake"), hash_key_file=key)


def good(laboratory: Laboratory, found: list[Sample]) -> list[Outcome]:
    """Outcomes of the undamaged samples; all must be accepted, or mutants prove nothing."""
    return [laboratory.run(Mutant("none", sample, sample.files, "unharmed")) for sample in found]


def mutants(found: list[Sample], count: int, seed: int, kinds: Sequence[str] = ()) -> Iterator[Mutant]:
    """`count` mutants, the samples in turn, the same for the same seed and samples; of `kinds`, where one fits."""
    for n in range(count):
        mutant = mutate(Random(f"{seed}/{n}"), found[n % len(found)], found, kinds)
        if mutant is not None:
            yield mutant


def table(outcomes: list[Outcome], by: str) -> str:
    """Outcomes counted by registry or kind."""
    columns = [REFUSED, ACCEPTED, AT_RECORD, *(f for f in FAULTS if any(o.became == f for o in outcomes))]
    counts: dict[str, Counter[str]] = {}
    for one in outcomes:
        name = one.mutant.sample.contract.registry if by == "registry" else one.mutant.kind
        counts.setdefault(name, Counter())[one.became] += 1
    counts["all"] = Counter(one.became for one in outcomes)
    lines = [f"{by:24}" + "".join(f"{c:>15}" for c in ("mutants", *columns))]
    names = [*sorted(set(counts) - {"all"}), "all"]
    lines += [f"{n:24}{counts[n].total():>15}" + "".join(f"{counts[n][c]:>15}" for c in columns) for n in names]
    return "\n".join(lines)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.formats.fuzz")
    parser.add_argument("--mutants", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--registry", action="append", default=[])
    parser.add_argument("--kind", action="append", default=[], choices=sorted(KINDS))
    parser.add_argument("--keep", type=Path, help="folder for the files of mutants with a fault")
    options = parser.parse_args()
    os.environ.setdefault("RUST_BACKTRACE", "0")
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="auyl-fuzz-") as folder:
        settings, found = samples(settings_below(Path(folder)), Path(folder), options.registry)
        laboratory = Laboratory(settings)
        try:
            for one in good(laboratory, found):
                if one.became != ACCEPTED:
                    print(one)
                    return 2
            started = time.monotonic()
            outcomes = [
                laboratory.run(mutant) for mutant in mutants(found, options.mutants, options.seed, options.kind)
            ]
            seconds = time.monotonic() - started
        finally:
            laboratory.close()
    print(table(outcomes, "registry"), table(outcomes, "kind"), sep="\n\n")
    faults = [one for one in outcomes if one.is_fault]
    for n, one in enumerate(faults):
        print(f"\n{n}. {one}")
        if options.keep:
            target = options.keep / str(n)
            target.mkdir(parents=True, exist_ok=True)
            for name, content in one.mutant.delivered().items():
                (target / name).write_bytes(content)
    print(f"\n{len(outcomes)} mutants in {seconds:.0f} s, seed {options.seed}; {len(faults)} with a fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
