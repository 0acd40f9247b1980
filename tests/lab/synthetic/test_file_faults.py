"""Half a file and last month's file occur only on request, are refused by intake, and counted by the evaluation."""

from pathlib import Path

import pytest

from auyl import intake, ledger
from auyl.settings import Settings
from lab import synthetic
from lab.evaluation.intake import compare
from lab.synthetic import REGISTRIES

PERIOD = "2026-10"
NO_DIRT = {"*": 0.0}


def take_in(settings: Settings, extracts: Path, registry: str) -> intake.BatchResult:
    files = sorted((extracts / PERIOD / registry).iterdir())
    return intake.load(intake.land_files(registry, PERIOD, files, settings), settings)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["half_a_file", "file_of_last_month"])
def test_every_registry_refuses_it_unless_it_cannot_be_detected(settings: Settings, tmp_path: Path, kind: str) -> None:
    synthetic.make(tmp_path, PERIOD, 3_000, dirt={**NO_DIRT, kind: 1.0})
    states = {registry.name: registry.states_period for registry in REGISTRIES}
    for registry in states:
        result = take_in(settings, tmp_path, registry)
        is_detectable = kind == "half_a_file" or states[registry]
        assert result.status == ("refused" if is_detectable else "accepted"), (registry, result.refusal)
    for one in compare(settings, tmp_path, PERIOD):
        if kind == "half_a_file" or states[one.registry]:
            assert (one.broken, one.found) == (1, 1), one.registry


def test_last_months_bytes_are_reported_as_drift_where_the_extract_states_no_month(
    settings: Settings, tmp_path: Path
) -> None:
    synthetic.make(tmp_path, PERIOD, 3_000, dirt=0)
    files = sorted((tmp_path / PERIOD / "loans").iterdir())
    first = intake.load(intake.land_files("loans", PERIOD, files, settings), settings)
    second = intake.load(intake.land_files("loans", "2026-11", files, settings), settings)
    assert (first.status, second.status) == ("accepted", "accepted")
    assert [drift.kind for drift in second.drifts] == ["same_bytes"]
    assert [row["kind"] for row in ledger.drifts(settings, "loans")] == ["same_bytes"]


def test_without_a_rate_no_file_is_spoiled(tmp_path: Path) -> None:
    made = synthetic.make(tmp_path, PERIOD, 3_000)
    assert not [kind for kinds in made.dirt.values() for kind in kinds if kind in ("half_a_file", "file_of_last_month")]
