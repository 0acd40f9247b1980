"""What intake made of a synthetic extract, measured as `python -m lab evaluate intake` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from auyl import intake, ledger
from auyl.intake import BatchResult
from auyl.settings import Settings
from auyl.store.lake import Lake
from lab.evaluation import intake as truth
from lab.synthetic import REGISTRIES

PERIOD = "2026-10"


def take_in(registry: str, extracts: Path, settings: Settings, period: str = PERIOD) -> BatchResult:
    """Land and load the extract of a registry."""
    files = sorted(path for path in (extracts / period / registry).iterdir() if path.is_file())
    return intake.load(intake.land_files(registry, period, files, settings), settings)


def faults(registry: str, extracts: Path, period: str = PERIOD) -> list[dict[str, Any]]:
    """Rows of the truth of a registry."""
    return _dicts(f"from '{extracts / 'truth' / period / f'{registry}.parquet'}' order by file, record")


def _dicts(query: str) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        found = con.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def stage_rows(registry: str, settings: Settings, period: str = PERIOD) -> list[dict[str, Any]]:
    """Stage of the current batch, in the order of its files."""
    (batch,) = ledger.current_batches(settings, registry, period)
    return _dicts(f"from '{Lake(settings.lake).address(batch.stage_path)}' order by _file, _record")


def load_and_judge(registry: str, extracts: Path, settings: Settings) -> BatchResult:
    """Load a dirty extract; it is accepted, and every faulty row gets what intake owes to it."""
    result = take_in(registry, extracts, settings)
    assert_judged(registry, extracts, settings, result)
    return result


def assert_judged(registry: str, extracts: Path, settings: Settings, result: BatchResult) -> None:
    """Every faulty row got what intake owes to it, and at most a thousandth of the good ones was rejected."""
    assert result.status == "accepted", result.refusal
    assert result.rows_in == result.staged + result.linkable + result.quarantined + result.duplicates
    (found,) = truth.compare(settings, extracts, PERIOD, (registry,))
    assert found.reason is None and found.rows == found.good + found.broken == result.rows_in
    kinds, known = (
        {kind.kind for kind in found.kinds},
        set(next(one.faults for one in REGISTRIES if one.name == registry)),
    )
    assert kinds <= known
    # A handful of rows cannot show every kind.
    if result.rows_in >= 2_000:
        assert kinds == known
    missed = [kind for kind in found.kinds if kind.met < kind.rows - kind.unseen]
    assert not missed, missed
    assert found.good_rejected <= 0.001 * found.good
