"""Whatever is wrong with a command line, a file or the database: one line of words and an exit code, no traceback."""

from __future__ import annotations

import itertools
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from auyl.cli import app
from auyl.cli.examples import EXAMPLES
from tests.conftest import fresh_installation

Command = tuple[str, ...]
FINE, REFUSED, USAGE = 0, 1, 2
WRONG: dict[str, list[str]] = {
    "text": ["", "\udcff", "9" * 30],
    "path": ["/nowhere/at/all.csv", "empty.csv", "\udcff.csv"],
    "integer": ["x", "9" * 30],
    "datetime": ["31.02.2026"],
    "choice": ["xml"],
}
# They change more than this test has, or ask a person.
LEFT_OUT = {("migrate",), ("bootstrap",)}


def commands(group: Any = None, path: Command = ()) -> Iterator[tuple[Command, Any]]:
    """Every command of `auyl` with its words."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())
BY_COMMAND = {
    path: shlex.split(line)[1 + len(path) :]
    for path, line in itertools.product(ALL, filter(None, EXAMPLES.split("\n")))
    if tuple(shlex.split(line)[1 : 1 + len(path)]) == path
}


def auyl(*arguments: str) -> tuple[int, str]:
    """Exit code and what went to stderr."""
    mask = os.umask(0o077)  # a command closes its files for the rest of its process
    result = CliRunner().invoke(app, arguments, input="")
    os.umask(mask)
    assert isinstance(result.exception, (SystemExit, type(None))), (arguments, result.exception)
    return result.exit_code, result.stderr


def wrong_lines(path: Command) -> Iterator[list[str]]:
    """Command lines of one command, each with one thing wrong; the rest is its example."""
    words = BY_COMMAND[path]
    yield [*words, "--nosuch"]
    yield []
    options = {name: one for one in ALL[path].params for name in one.opts}
    arguments = [one for one in ALL[path].params if one.param_type_name == "argument"]
    places = [
        n for n, word in enumerate(words) if not word.startswith("--") and (n == 0 or words[n - 1] not in options)
    ]
    for parameter, place in zip(arguments, places, strict=False):
        for value in WRONG[kind_of(parameter)]:
            yield [*words[:place], value, *words[place + 1 :]]
    for name, parameter in options.items():
        if name.startswith("--") and not getattr(parameter, "is_flag", False):
            for value in WRONG[kind_of(parameter)]:
                yield [*words, name, value]


def kind_of(parameter: Any) -> str:
    text = str(parameter.type_descriptor.annotation)
    kinds = {"Path": "path", "int": "integer", "datetime": "datetime", "Literal": "choice"}
    return next((kind for word, kind in kinds.items() if word in text), "text")


@pytest.fixture(scope="module")
def installed(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation with nothing in it."""
    folder = tmp_path_factory.mktemp("installation")
    settings = fresh_installation(dsn, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "empty.csv").touch()
        for name, value in (("DSN", settings.dsn), ("HOME", folder), ("LAKE", settings.lake)):
            patch.setenv(f"AUYL_{name}", str(value))
        patch.setenv("AUYL_HASH_KEY_FILE", str(settings.hash_key_file))
        yield folder


def test_every_command_has_an_example_that_its_help_prints() -> None:
    assert set(BY_COMMAND) >= {path for path in ALL if "migrate" not in path}
    for path in ALL:
        code, _ = auyl(*path, "--help")
        assert code == FINE
        assert (ALL[path].epilog or "").startswith(f"Example: auyl {' '.join(path)}")
        ALL[path].make_context("auyl", list(BY_COMMAND[path]), resilient_parsing=True)


@pytest.mark.parametrize("path", [path for path in ALL if path not in LEFT_OUT], ids=" ".join)
def test_a_wrong_value_is_one_line_of_words(path: Command, installed: Path) -> None:
    for words in wrong_lines(path):
        code, said = auyl(*path, *words)
        assert code in (FINE, REFUSED, USAGE), (words, said)
        if code == USAGE and words:
            assert said.count("\n") == 1 and "--help" in said, (words, said)
        assert "Traceback" not in said


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_without_a_database_or_a_home_that_can_be_used_it_says_so(
    path: Command, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AUYL_DSN", "postgresql://auyl:word-of-passage@127.0.0.1:1/auyl"),
        ("AUYL_DSN", "word-of-passage"),
        ("AUYL_OBLAST", "19"),
        ("AUYL_HOME", "/dev/null/home"),
    ):
        with monkeypatch.context() as patch:
            for variable in ("AUYL_DSN", "AUYL_LAKE", "AUYL_HASH_KEY_FILE"):
                patch.delenv(variable)
            patch.setenv(name, value)
            code, said = auyl(*path, *BY_COMMAND[path])
            assert code in (FINE, REFUSED, USAGE), said
            assert said.count("\n") <= 1 and "word-of-passage" not in said and "in auyl/" not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("AUYL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AUYL_DSN", raising=False)
    code, said = auyl("extracts")
    assert code == REFUSED and str(tmp_path / "home") in said and "permission denied" in said


@pytest.mark.parametrize(
    ("wrong", "near"), [("livestok", "livestock"), ("ambulanse", "ambulance"), ("budgets", "budget")]
)
def test_a_registry_that_is_misspelt_gets_a_near_name(wrong: str, near: str, installed: Path) -> None:
    for words in (
        ["intake", wrong, "empty.csv"],
        ["extracts", wrong],
        ["drift", wrong],
        ["quality", "--registry", wrong],
    ):
        code, said = auyl(*words)
        assert code == REFUSED and f"no contract for registry «{wrong}»; did you mean {near}" in said


LONG_QUERY = """
import signal
from concurrent.futures import ThreadPoolExecutor

signal.signal(2, signal.default_int_handler)
from auyl.cli.shared import command_group
from auyl.settings import from_environment
from auyl.store import duck

def count() -> None:
    con = CONNECTION
    print("counting", flush=True)
    con.sql("select count(*) from range(1000000000000) t(n) where n % 7 = 3").fetchall()

def count_in_a_thread() -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(count).result()

command_group("Counts.", {"count": WORK})(["count"])
"""


@pytest.mark.parametrize("connection", ["connect", "cursor"])
@pytest.mark.parametrize("work", ["count", "count_in_a_thread"])
def test_ctrl_c_within_a_query_is_a_stop_and_no_failure(work: str, connection: str, tmp_path: Path) -> None:
    program = LONG_QUERY.replace("WORK", work).replace("CONNECTION", f"duck.{connection}(from_environment())")
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"AUYL_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "counting\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "RuntimeError" not in err
