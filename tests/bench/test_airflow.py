"""The time that Airflow adds, from measured seconds; `tests/lab/stack/test_scheduler.py` runs the real bench."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from bench import REPOSITORY
from bench.airflow import summary, table
from bench.command import conclude

PERIOD = "2026-10"
BUILT = [9.0, 11.0, 10.0]


@pytest.mark.parametrize(("added", "is_met"), [(40.0, True), (40.5, False)])
def test_airflow_may_add_at_most_40_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], added: float, is_met: bool
) -> None:
    through = [300.0, 10.0 + added, 10.0]
    report = summary(80_000, PERIOD, {"auyl_build": BUILT, "airflow": through})
    assert report["median_seconds"] == {"auyl_build": 10.0, "airflow": 10.0 + added}
    assert report["added_seconds"] == pytest.approx(added)
    code = conclude("airflow", report, table, Namespace(results=tmp_path, json=False))
    assert code == int(not is_met)
    (file,) = tmp_path.glob("airflow_80000_*.json")
    assert json.loads(file.read_text()) == report
    output = capsys.readouterr().out
    assert f"| Airflow adds | {added:.1f} | |" in output and f"| {10 + added:.1f} | 10.0–300.0 |" in output
    assert ("MISSED" in output) is not is_met


def test_a_failed_measurement_exits_with_2_and_writes_no_report(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("AUYL_")}
    folders = ["--work", str(tmp_path / "work"), "--results", str(tmp_path / "results")]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "airflow", "--scale", "160", "--period", "2026-13", *folders],
        env=env | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "2026-13" in done.stderr
    assert not (tmp_path / "results").exists()
