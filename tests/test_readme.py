"""Every command of README.md works as it stands there, in a home of its own with the embedded PostgreSQL."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auyl.store.embedded import EmbeddedPostgres

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")
COMMANDS = [
    line.partition(" # ")[0].removeprefix("$ ").strip() for line in README.splitlines() if line.startswith("$ ")
]
MAKE_COMMANDS = re.findall(r"^    (make \w+) +#", README, flags=re.MULTILINE)
# `auyl overdue` says by its exit code that something is overdue; here nothing of September ever came.
EXIT_CODES = {"auyl overdue --on 2026-10-31": 1}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("readme")
    programs = folder / "bin"
    programs.mkdir()
    for name, module in (("auyl", "-m auyl.cli"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (programs / name).chmod(0o755)
    home = folder / "home"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AUYL_", "AIRFLOW", "MAKE"))}
    yield inherited | {
        "AUYL_HOME": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "WORK": str(folder),
    }
    EmbeddedPostgres(home).destroy()


def run(command: str, environment: dict[str, str], code: int = 0) -> str:
    done = subprocess.run(
        command, shell=True, cwd=environment["WORK"], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, f"$ {command}\n{done.stdout}{done.stderr}"
    return done.stdout


def an_okrug(work: Path) -> str:
    lines = (work / "extracts" / "reference" / "kato.csv").read_text("utf-8-sig").splitlines()
    return next(line.split(",")[0] for line in lines if ",sub_district," in line and "с.о." in line)


def test_every_command_works_in_the_order_of_the_page(environment: dict[str, str]) -> None:
    assert len(COMMANDS) > 20
    for command in COMMANDS:
        if "$OKRUG" in command and "OKRUG" not in environment:
            environment = environment | {"OKRUG": an_okrug(Path(environment["WORK"]))}
        run(command, environment, EXIT_CODES.get(command, 0))
    assert "rejected.xlsx" in os.listdir(environment["WORK"])


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_runs_the_demo_and_the_tests(environment: dict[str, str]) -> None:
    assert MAKE_COMMANDS == ["make demo", "make test"]
    repository = f"make -C {REPOSITORY} PYTHON={sys.executable}"
    home = Path(environment["WORK"]) / "home-of-the-demo"
    try:
        demo = run(
            f"{repository} demo SCALE=160 REGISTRIES=core PERIOD=2026-10", environment | {"AUYL_HOME": str(home)}
        )
    finally:
        EmbeddedPostgres(home).destroy()
    assert "published: snapshot 2026-10, revision" in demo and "everything that was started is stopped" in demo
    tests = run(f"{repository} test ARGS='tests/test_house.py -k circle'", environment)
    assert "1 passed" in tests
