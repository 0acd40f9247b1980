"""`kill -9` in the middle of any step, then a run again: the same final state, byte for byte in the snapshot."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auyl.settings import REPOSITORY, Settings


def killed_cases(installation: Settings, oblast: Path, chosen: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What an undisturbed run left, and each run that was killed: all of them must have been."""
    environment = os.environ | {
        "AUYL_DSN": installation.dsn,
        "AUYL_LAKE": installation.lake,
        "AUYL_HOME": str(installation.home),
        "AUYL_HASH_KEY_FILE": str(installation.hash_key_file),
        "PYTHONWARNINGS": "ignore",
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.snapshot.kill_lab", str(oblast), chosen],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    whole, *killed = (json.loads(line) for line in run.stdout.splitlines())
    ended = [case["signal"] for case in killed]
    assert ended and ended == [9] * len(ended), "every scenario must really have been killed"
    for case in killed:
        assert case["killed"]["ledger_names_whole_files"], case["point"]
        assert case["code"] == 0, case["point"]
        assert case["after"] == whole["after"], case["point"]
    return whole, killed


@pytest.mark.slow
@pytest.mark.parametrize("chosen", ["points", "moments"])
def test_a_killed_process_loses_nothing_and_doubles_nothing(installation: Settings, oblast: Path, chosen: str) -> None:
    whole, killed = killed_cases(installation, oblast, chosen)
    assert len(killed) >= 7
    for case in killed:
        # Killed, readers see nothing or everything.
        assert (case["killed"]["values"], case["killed"]["in_force"]) in ((0, 0), (whole["after"]["values"], 1)), case


@pytest.mark.slow
def test_entities_and_contradictions_killed_midway_are_the_same_after_the_next_run(
    installation: Settings, oblast: Path
) -> None:
    whole, killed = killed_cases(installation, oblast, "reconciled")
    assert whole["after"]["sets"] and whole["after"]["contradictions"]
    assert len(killed) == 5
    assert any(case["killed"]["sets"] != whole["after"]["sets"] for case in killed)
