"""Free addresses of calls find their settlement, or openly none; the measure counts what the truth says."""

import re
from pathlib import Path

import duckdb
import pytest

from auyl import intake
from auyl.settings import Settings
from auyl.territory.reference import load_territory
from lab import synthetic
from lab.evaluation.addresses import AddressEvaluation, AddressTruthMissing, evaluate_address

PERIOD = "2026-10"


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oblast")
    synthetic.make(folder, PERIOD, people=12_000, seed=5_021)
    return folder


def _taken(settings: Settings, extracts: Path, *registries: str) -> Settings:
    reference = extracts / "reference"
    load_territory(
        settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", edition="E1"
    )
    for registry in registries:
        files = sorted((extracts / PERIOD / registry).iterdir())
        assert intake.load(intake.land_files(registry, PERIOD, files, settings), settings).status == "accepted"
    return settings


def _sums(found: AddressEvaluation) -> list[tuple[int, int, int, int]]:
    names = dict.fromkeys(share.breakdown for share in found.parts)
    return [
        tuple(
            sum(getattr(share, field) for share in found.parts if share.breakdown == name)
            for field in ("calls", "right", "wrong", "unresolved")
        )
        for name in names
    ]


def test_calls_that_can_be_placed_are_and_few_are_placed_wrong(settings: Settings, extracts: Path) -> None:
    found = evaluate_address(_taken(settings, extracts, "ambulance", "population"), extracts, PERIOD)
    assert found.tellable.calls > 300
    assert found.tellable.right_pct >= 97
    assert found.all.wrong_pct <= 0.5
    assert found.holds
    # each breakdown speaks of the same calls
    whole = found.tellable
    assert set(_sums(found)) == {(whole.calls, whole.right, whole.wrong, whole.unresolved)}
    assert whole.calls == whole.right + whole.wrong + whole.unresolved


def test_what_nobody_can_place_stays_unresolved(settings: Settings, extracts: Path) -> None:
    found = evaluate_address(_taken(settings, extracts, "ambulance", "population"), extracts, PERIOD)
    assert found.untellable is not None and found.untellable.calls >= 5
    assert found.untellable.unresolved >= found.untellable.calls - 1
    assert found.all.calls == found.tellable.calls + found.untellable.calls


def test_without_the_register_of_persons_no_home_settles_anything(settings: Settings, extracts: Path) -> None:
    found = evaluate_address(_taken(settings, extracts, "ambulance"), extracts, PERIOD)
    steps = {share.value for share in found.parts if share.breakdown == "step, confidence"}
    assert "settlement+crew, medium" in steps and "settlement+home, medium" not in steps


def test_the_measure_tells_wrong_places(settings: Settings, extracts: Path, tmp_path: Path) -> None:
    """A truth that says another settlement of every call makes every answer wrong."""
    other = tmp_path / "other" / "truth" / PERIOD
    (other / "place").mkdir(parents=True)
    truth = extracts / "truth" / PERIOD
    with duckdb.connect() as con:
        con.execute(
            f"copy (select * replace ('000000000' as settlement_kato) from '{truth}/place/ambulance.parquet') "
            f"to '{other}/place/ambulance.parquet' (format parquet)"
        )
        con.execute(f"copy (from '{truth}/ambulance.parquet') to '{other}/ambulance.parquet' (format parquet)")
    found = evaluate_address(_taken(settings, extracts, "ambulance"), tmp_path / "other", PERIOD)
    assert found.tellable.right == 0 and found.tellable.wrong > 300 and not found.holds


def test_without_truth_or_calls_nothing_is_measured(settings: Settings, extracts: Path) -> None:
    with pytest.raises(AddressTruthMissing, match=re.escape("truth/2026-09/place/ambulance.parquet")):
        evaluate_address(settings, extracts, "2026-09")
    with pytest.raises(AddressTruthMissing, match="no calls"):
        evaluate_address(_taken(settings, extracts), extracts, PERIOD)


def test_the_truth_says_where_every_good_call_was(extracts: Path) -> None:
    """One row per call: a main settlement of the classifier, and what the settlement follows from."""
    file = f"'{extracts}/truth/{PERIOD}/place/ambulance.parquet'"
    with duckdb.connect() as con:
        calls, ids, known = con.execute(
            f"select count(*), count(distinct call_id), count(*) filter (settlement_kato in "
            f"(select kato from read_csv('{extracts}/reference/kato.csv', all_varchar = true))) from {file}"
        ).fetchall()[0]
        told = {row[0] for row in con.execute(f"select distinct told_by from {file}").fetchall()}
        hidden = con.execute(
            f"select count(*) from {file} where told_by <> 'nothing' and form in "
            "('road, kilometre', 'street alone', 'landmark alone', 'winter hut alone', 'not said')"
        ).fetchall()[0][0]
    assert calls == ids == known and told == {"text", "crew", "home", "nothing"} and hidden == 0
