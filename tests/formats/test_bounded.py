"""A reader that dies, runs for ever or takes all memory ends as a refusal that says so."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auyl import contracts
from auyl.errors import ExtractRefused
from auyl.formats.bounded import run_bounded
from auyl.settings import REPOSITORY

FILE = Path("l.xlsx")


@pytest.fixture(scope="module")
def contract() -> contracts.Contract:
    return contracts.load("livestock", REPOSITORY / "include")


def add(first: int, second: int) -> int:
    return first + second


def dies() -> None:
    os.kill(os.getpid(), signal.SIGABRT)


def exits() -> None:
    os._exit(3)


def eats() -> int:
    return len(bytearray(1 << 30))


def sleeps() -> None:
    time.sleep(60)


def loops() -> None:
    while True:
        pass


def fails() -> None:
    raise KeyError("Омаров Айбек")


def refuses(contract: contracts.Contract) -> None:
    raise contract.refusal("l.xlsx", "rows", "none", 7, "КАТО")


def environment() -> dict[str, str]:
    return dict(os.environ)


def test_a_result_comes_back_and_what_is_printed_does_not(contract: contracts.Contract) -> None:
    assert run_bounded(contract, FILE, add, 2, 3) == 5
    assert run_bounded(contract, FILE, print, "spoilt") is None


def test_the_child_knows_no_secret(contract: contracts.Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUYL_DSN", "postgresql://x:y@z/1")
    assert not [name for name in run_bounded(contract, FILE, environment) if name.startswith("AUYL")]


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (dies, "by the signal SIGABRT"),
        (exits, "with the exit code 3"),
        (eats, "one that takes more memory"),
        (fails, "damage that stops its reader (KeyError)"),
        (sleeps, "one that takes longer"),
        (loops, "one that takes longer"),
    ],
)
def test_the_end_of_a_reader_is_a_refusal(
    contract: contracts.Contract, function: Callable[[], object], found: str
) -> None:
    began = time.monotonic()
    with pytest.raises(ExtractRefused) as refused:
        run_bounded(contract, FILE, function, memory_bytes=256 << 20, seconds=5)
    text = str(refused.value)
    assert text.startswith("livestock: l.xlsx: expected a file that its reader can read within 256 MiB and 5 s; found ")
    assert found in text
    assert "Омаров" not in text
    assert time.monotonic() - began < 30


def test_a_refusal_in_the_child_is_the_same_outside(contract: contracts.Contract) -> None:
    with pytest.raises(ExtractRefused) as refused:
        run_bounded(contract, FILE, refuses, contract)
    assert (refused.value.line, refused.value.column, refused.value.found) == (7, "КАТО", "none")
