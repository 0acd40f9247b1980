"""A fixed budget of the fuzz; `python -m tests.formats.fuzz` runs the long one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auyl import intake, ledger
from auyl.errors import ExtractRefused
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.formats.fuzz.__main__ import good, mutants, settings_below, table
from tests.formats.fuzz.corpus import PERIOD, Sample, samples
from tests.formats.fuzz.mutations import Mutant
from tests.formats.fuzz.oracle import unchanged_columns
from tests.formats.fuzz.trial import ACCEPTED, AT_RECORD, REFUSED, Laboratory, named

MUTANTS, SEED = 500, 11
THROUGH_THE_LEDGER = 12


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, list[Sample]]]:
    folder = tmp_path_factory.mktemp("fuzz")
    # the readers of workbooks panic on some damage and would print where
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "RUST_BACKTRACE", "0")
        yield samples(settings_below(folder), folder)


@pytest.fixture(scope="module")
def laboratory(world: tuple[Settings, list[Sample]]) -> Iterator[Laboratory]:
    made = Laboratory(world[0])
    yield made
    made.close()


def test_the_undamaged_samples_are_accepted(world: tuple[Settings, list[Sample]], laboratory: Laboratory) -> None:
    outcomes = good(laboratory, world[1])
    assert [str(one) for one in outcomes if one.became != ACCEPTED] == []
    assert len({one.mutant.sample.contract.format for one in outcomes}) == 7


def test_most_columns_are_compared_cell_by_cell(world: tuple[Settings, list[Sample]]) -> None:
    """A column that stage SQL changes is left out; where many are, the comparison proves nothing."""
    settings, found = world
    compared = sum(len(unchanged_columns(settings.include, sample.contract)) for sample in found)
    assert compared > 0.6 * sum(len(sample.contract.columns) for sample in found)


@pytest.mark.slow
def test_no_mutant_crashes_or_changes_a_value_or_is_accepted_truncated(
    world: tuple[Settings, list[Sample]], laboratory: Laboratory
) -> None:
    outcomes = [laboratory.run(mutant) for mutant in mutants(world[1], MUTANTS, SEED)]
    print(table(outcomes, "kind"))
    assert [str(one) for one in outcomes if one.is_fault] == []
    became = [one.became for one in outcomes]
    assert min(became.count(REFUSED), became.count(ACCEPTED)) > MUTANTS // 5, "the mutations miss one side"


@pytest.mark.slow
def test_ledger_and_lake_agree_with_the_laboratory(
    world: tuple[Settings, list[Sample]], laboratory: Laboratory, dsn: str, tmp_path: Path
) -> None:
    """Landed and loaded: what the laboratory refuses is refused; what it accepts balances, or breaks the suite."""
    settings = replace(fresh_installation(dsn, tmp_path), include=world[0].include)
    for number, mutant in enumerate(mutants(world[1], THROUGH_THE_LEDGER, SEED + 1)):
        expected = laboratory.run(mutant)
        result = take_in(settings, mutant, tmp_path / f"drop-{number}")
        if expected.became == REFUSED:
            assert (result.status, result.refusal) == ("refused", expected.detail)
        elif result.accepted:
            assert result.rows_in == result.staged + result.rejected + result.duplicates
            assert expected.became in (ACCEPTED, AT_RECORD)
            current = {batch.batch_id: batch for batch in ledger.current_batches(settings, result.registry, PERIOD)}
            assert Lake(settings.lake).exists(current[result.batch_id].stage_path)
        else:
            refusal = ExtractRefused(result.registry, next(iter(mutant.delivered())), "", str(result.refusal), "")
            assert named(mutant, refusal).became == REFUSED
            assert "suite" in str(result.refusal)


def take_in(settings: Settings, mutant: Mutant, folder: Path) -> intake.BatchResult:
    folder.mkdir()
    for name, content in mutant.delivered().items():
        (folder / name).write_bytes(content)
    registry = mutant.sample.contract.registry
    return intake.load(intake.land_files(registry, PERIOD, sorted(folder.iterdir()), settings), settings)
