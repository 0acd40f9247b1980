"""Recall and false alarms are measured against the ground truth, and the evaluation detects a bad rule."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auyl import intake
from auyl.settings import Settings
from lab import synthetic
from lab.evaluation.intake import Comparison, TruthMissing, compare, total

PERIOD = "2026-10"
REGISTRIES = tuple(registry.name for registry in synthetic.REGISTRIES)

Taken = Callable[..., dict[str, Comparison]]


@pytest.fixture(scope="module")
def oblast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small oblast with five times the usual dirt."""
    folder = tmp_path_factory.mktemp("oblast")
    synthetic.make(folder, PERIOD, 6_000, dirt={"*": 5, "rca_missing": 0.1})
    return folder


@pytest.fixture
def taken(settings: Settings, oblast: Path) -> Taken:
    """Take registries in and compare them."""

    def run(registries: tuple[str, ...], of: Settings = settings) -> dict[str, Comparison]:
        for registry in registries:
            files = sorted((oblast / PERIOD / registry).iterdir())
            delivery = intake.land_files(registry, PERIOD, files, of, datetime(2026, 11, 2, tzinfo=UTC))
            assert intake.load(delivery, of).accepted
        return {one.registry: one for one in compare(of, oblast, PERIOD)}

    return run


def suite_with(settings: Settings, registry: str, change: Callable[[list[dict]], list[dict]]) -> Settings:
    """Settings whose suite of a registry is another."""
    folder = settings.home / "expectations"
    folder.mkdir()
    for path in settings.expectations.glob("*.json"):
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    document = json.loads((folder / f"{registry}.json").read_text("utf-8"))
    document["expectations"] = change(document["expectations"])
    (folder / f"{registry}.json").write_text(json.dumps(document), "utf-8")
    return replace(settings, expectations=folder)


def test_every_row_of_the_truth_is_met_as_it_is_owed(taken: Taken) -> None:
    found = taken(REGISTRIES)
    assert set(found) == set(REGISTRIES)
    for one in found.values():
        assert one.reason is None and one.rows > 0
        assert one.good + one.broken == one.rows
        for kind in one.kinds:
            assert kind.absent == 0, (one.registry, kind)
            assert kind.met == kind.rows - kind.unseen, (one.registry, kind)
    # there are a dozen civil acts in the month, possibly all good
    assert {one.registry for one in found.values() if not one.broken} <= {"civil_acts"}
    whole = total(list(found.values()))
    assert whole.holds and whole.recall_pct is not None and whole.recall_pct >= 99.5
    assert whole.rows == sum(one.rows for one in found.values())
    corrected = {registry: one.met("corrected") for registry, one in found.items()}
    # names in identity, places and codes in stage; surnames of other registries leave no trace
    for registry in ("ambulance", "budget_okrug", "livestock", "population"):
        assert corrected[registry][0] == corrected[registry][1] > 0, registry


def test_lines_that_never_became_rows_do_not_shift_the_others(taken: Taken) -> None:
    kinds = {kind.kind: kind for kind in taken(("budget_okrug",))["budget_okrug"].kinds}
    assert kinds["column_count"].rows == kinds["column_count"].quarantined > 0


def test_a_rule_that_is_gone_costs_recall(taken: Taken, settings: Settings) -> None:
    blind = suite_with(
        settings, "social_assistance", lambda rules: [r for r in rules if r["meta"]["rule"] != "iin_checksum"]
    )
    one = taken(("social_assistance",), blind)["social_assistance"]
    assert one.recall_pct is not None and one.recall_pct < 90 and not one.holds
    missed = {kind.kind for kind in one.kinds if kind.outcome == "quarantined" and kind.met < kind.rows}
    assert {"iin_bad_checksum"} <= missed <= {"iin_bad_checksum", "iin_short", "test_row", "column_count"}


def test_a_rule_that_is_too_strict_is_a_false_alarm(taken: Taken, settings: Settings) -> None:
    def strict(rules: list[dict]) -> list[dict]:
        for rule in rules:
            if rule["meta"]["rule"] == "iin_birth_date_agrees":
                rule["severity"] = "critical"
        return rules

    one = taken(("social_assistance",), suite_with(settings, "social_assistance", strict))["social_assistance"]
    assert one.good_rejected > 0 and not one.holds
    assert one.false_alarms_pct is not None and one.false_alarms_pct > 0.1
    kept_back = {kind.kind for kind in one.kinds if kind.outcome == "warned" and kind.quarantined}
    assert "birth_date_disagrees" in kept_back


def test_what_is_not_in_force_is_not_compared(settings: Settings, oblast: Path) -> None:
    found = compare(settings, oblast, PERIOD)
    assert {one.reason for one in found} == {f"nothing is current for {PERIOD}"}
    assert total(found).rows == 0
    with pytest.raises(TruthMissing, match="2026-09"):
        compare(settings, oblast, "2026-09")
