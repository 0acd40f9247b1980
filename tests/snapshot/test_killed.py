"""`kill -9` in the middle of any step, then a run again: the same final state, byte for byte in the snapshot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auyl.settings import REPOSITORY, Settings


@pytest.mark.slow
@pytest.mark.parametrize("chosen", ["points", "moments"])
def test_a_killed_process_loses_nothing_and_doubles_nothing(installation: Settings, oblast: Path, chosen: str) -> None:
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
    assert len(killed) >= 7
    for case in killed:
        point = case["point"]
        # Killed, readers see nothing or everything, and the ledger names only files that are whole.
        assert (case["killed"]["values"], case["killed"]["in_force"]) in ((0, 0), (whole["after"]["values"], 1)), point
        assert case["killed"]["ledger_names_whole_files"], point
        assert case["code"] == 0, point
        assert case["after"] == whole["after"], point
    ended = [case["signal"] for case in killed]
    assert ended == [9] * len(ended), "every scenario must really have been killed"
