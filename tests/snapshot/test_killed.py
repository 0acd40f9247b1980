"""`kill -9` in the middle of any step, then a run again: the same final state, byte for byte in the snapshot."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auyl.settings import REPOSITORY
from tests.conftest import fresh_installation
from tests.snapshot.conftest import know_territory

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def all_cases(dsn: str, tmp_path_factory: pytest.TempPathFactory, oblast: Path) -> list[dict[str, Any]]:
    """What the laboratory says of all scenarios."""
    installation = know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("installation")), oblast)
    environment = os.environ | {
        "AUYL_DSN": installation.dsn,
        "AUYL_LAKE": installation.lake,
        "AUYL_HOME": str(installation.home),
        "AUYL_HASH_KEY_FILE": str(installation.hash_key_file),
        "PYTHONWARNINGS": "ignore",
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.snapshot.kill_lab", str(oblast)],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=1800,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return [json.loads(line) for line in run.stdout.splitlines()]


def killed_cases(all_cases: list[dict[str, Any]], name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What an undisturbed run left, and each run that was killed: all of them must have been."""
    cases = [case for case in all_cases if case["name"] == name]
    whole, *others = [case for case in cases if case["point"] == "none"]
    killed = [case for case in cases if case["point"] != "none"]
    assert all(other["after"] == whole["after"] for other in others)
    ended = [case["signal"] for case in killed]
    assert ended and ended == [9] * len(ended), "every scenario must really have been killed"
    for case in killed:
        assert case["killed"]["ledger_names_whole_files"], case["point"]
        assert case["code"] == 0, case["point"]
        assert case["after"] == whole["after"], case["point"]
    return whole, killed


def test_an_intake_killed_anywhere_has_every_row_after_the_next_one(all_cases: list[dict[str, Any]]) -> None:
    whole, killed = killed_cases(all_cases, "intake")
    assert len(killed) == 14
    assert [batch[0] for batch in whole["after"]["batches"]] == ["population", "social_assistance"]
    for case in killed:
        # A batch is in the ledger whole or not at all.
        assert all(batch in whole["after"]["batches"] for batch in case["killed"]["batches"]), case


@pytest.mark.parametrize(("name", "scenarios"), [("build", 9), ("moments", 7)])
def test_a_killed_process_loses_nothing_and_doubles_nothing(
    all_cases: list[dict[str, Any]], name: str, scenarios: int
) -> None:
    whole, killed = killed_cases(all_cases, name)
    assert len(killed) == scenarios
    for case in killed:
        # Killed, readers see nothing or everything.
        assert (case["killed"]["values"], case["killed"]["current"]) in ((0, 0), (whole["after"]["values"], 1)), case


def test_entities_and_contradictions_killed_midway_are_the_same_after_the_next_run(
    all_cases: list[dict[str, Any]],
) -> None:
    whole, killed = killed_cases(all_cases, "reconciled")
    assert whole["after"]["sets"] and whole["after"]["contradictions"]
    assert len(killed) == 5
    assert any(case["killed"]["sets"] != whole["after"]["sets"] for case in killed)
