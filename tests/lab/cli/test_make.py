"""`python -m lab synth` writes extracts, and refuses what it cannot make with exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from auyl.settings import REPOSITORY
from lab.cli.options import last_month


def synth(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab", "synth", str(folder), "--people", "300", *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)


def test_without_a_period_it_makes_the_last_full_month(tmp_path: Path) -> None:
    done = synth(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / last_month() / "MANIFEST.json").is_file()
    assert f"residents in {last_month()}" in done.stdout


def test_one_fault_may_be_asked_for_alone(tmp_path: Path) -> None:
    done = synth(tmp_path, "--dirt", "0", "--fault", "iin_missing=0.5")
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines["budget_okrug"].endswith(" 0 faults")
    assert not lines["population"].endswith(" 0 faults")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--fault", "no_such_fault=0.1"), "no_such_fault"),
        (("--fault", "iin_missing=2"), "expected 0 to 1"),
        (("--period", "2026-13"), "2026-13"),
        (("--kato", "/nowhere/kato.csv"), "/nowhere/kato.csv"),
    ],
)
def test_what_it_cannot_make_is_refused(tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    done = synth(tmp_path, *options)
    assert done.returncode == 2
    assert reason in done.stderr
    assert not list(tmp_path.iterdir())
