"""The same seed gives the same bytes; months are consistent; a killed run leaves no manifest."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.synthetic import make
from tests.lab.synthetic.readers import PEOPLE, PERIOD, Oblast


def checksums(oblast: Oblast) -> dict[str, str]:
    """sha256 of every file."""
    root = oblast.extracts
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*")
        if p.is_file() and p.name != ".lock"
    }


@pytest.fixture(scope="module")
def made_once(build: Callable[..., Oblast]) -> Oblast:
    return build(people=500)


@pytest.fixture
def made(made_once: Oblast, tmp_path: Path) -> Oblast:
    """A small oblast, to be damaged: a copy with the times of its files."""
    return Oblast(shutil.copytree(made_once.extracts, tmp_path / "oblast"), made_once.summary)


@pytest.fixture(scope="module")
def next_month(build: Callable[..., Oblast]) -> Oblast:
    return build(period="2026-11", dirt=0)


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(build: Callable[..., Oblast]) -> None:
    # more persons than a row group of DuckDB, so that threads share the work
    one = build(people=130_000, threads=1)
    four = build(people=130_000, threads=4)
    assert checksums(one) == checksums(four)


def test_another_seed_gives_another_oblast(build: Callable[..., Oblast], clean: Oblast) -> None:
    other = build(dirt=0, seed=20)
    both = {p["iin"] for p in other.persons()} & {p["iin"] for p in clean.persons()}
    assert len(both) < PEOPLE / 50
    made = checksums(other)
    same = {name for name, checksum in checksums(clean).items() if made.get(name) == checksum}
    empty = {f"truth/{PERIOD}/{registry}.parquet" for registry in clean.summary.rows}
    assert same == {"reference/crosswalk.csv", *empty}


def test_a_second_run_reports_that_nothing_changed_and_writes_nothing(made: Oblast) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.extracts.rglob("*")}
    again = make(made.extracts, PERIOD, 500)
    assert again.is_unchanged and again == made.summary
    assert before == {path: path.stat().st_mtime_ns for path in made.extracts.rglob("*")}


@pytest.mark.parametrize("harm", ["other parameters", "missing file", "short file"])
def test_a_run_replaces_extracts_of_other_parameters_or_with_damaged_files(made: Oblast, harm: str) -> None:
    expected = checksums(made)
    file = made.folder("ambulance") / f"ambulance_{PERIOD}.csv"
    if harm == "other parameters":
        make(made.extracts, PERIOD, 500, seed=3)
    elif harm == "missing file":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    assert not make(made.extracts, PERIOD, 500).is_unchanged
    assert checksums(made) == expected


def test_a_killed_run_leaves_no_manifest_and_the_next_one_completes_it(
    tmp_path: Path, build: Callable[..., Oblast]
) -> None:
    expected = checksums(build(people=20_000))
    command = [sys.executable, "-m", "lab", "synth", str(tmp_path), "--period", PERIOD]
    process = subprocess.Popen([*command, "--people", "20000"], stdout=subprocess.DEVNULL)
    work = tmp_path / f".{PERIOD}.partial" / "livestock"
    while not work.exists() and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / PERIOD / "MANIFEST.json").exists()
    summary = make(tmp_path, PERIOD, 20_000)
    assert checksums(Oblast(tmp_path, summary)) == expected


def test_a_second_process_on_the_same_folder_waits_and_reports_unchanged(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lab", "synth", str(tmp_path), "--period", PERIOD]
    first, second = (
        subprocess.Popen([*command, "--people", "2000"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    )
    outputs = [process.communicate(timeout=400)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sorted(text.splitlines()[-1].split(":")[0] for text in outputs) == ["made", "unchanged"]
    assert make(tmp_path, PERIOD, 2_000).is_unchanged
    assert not list(tmp_path.glob(".*.partial"))


def test_the_next_month_has_the_same_people_with_a_few_changes(next_month: Oblast, clean: Oblast) -> None:
    now = {p["iin"]: p for p in clean.persons()}
    after = {p["iin"]: p for p in next_month.persons()}
    both = set(now) & set(after)
    assert len(both) > 0.995 * len(now)
    born = set(after) - set(now)
    assert born and {after[i]["birth_date"].strftime("%Y-%m") for i in born} == {"2026-11"}
    died = [i for i in both if now[i]["is_alive"] and not after[i]["is_alive"]]
    assert not [i for i in both if after[i]["is_alive"] and not now[i]["is_alive"]]
    moved = [i for i in both if now[i]["settlement_kato"] != after[i]["settlement_kato"]]
    assert 0 < len(died) + len(moved) < 0.01 * len(now)
    assert all(now[i]["birth_date"] == after[i]["birth_date"] for i in both)


def test_animals_keep_their_tags_over_a_month(next_month: Oblast, clean: Oblast) -> None:
    now = {row["ИНЖ"]: row["Дата рождения"] for row in clean.rows("livestock").values()}
    after = {row["ИНЖ"]: row["Дата рождения"] for row in next_month.rows("livestock").values()}
    both = set(now) & set(after)
    assert 0.9 * len(now) < len(both) < len(now)
    assert all(now[tag] == after[tag] for tag in both)


def test_two_months_share_one_reference(tmp_path: Path) -> None:
    make(tmp_path, "2026-10", 500)
    make(tmp_path, "2026-11", 500)
    assert make(tmp_path, "2026-10", 500).is_unchanged


@pytest.mark.parametrize(("period", "people"), [("2026-13", 500), ("oktober", 500), ("2026-10", 5)])
def test_invalid_parameters_are_refused(tmp_path: Path, period: str, people: int) -> None:
    with pytest.raises(ValueError, match=r"month|isoformat|at least"):
        make(tmp_path, period, people)
    assert not list(tmp_path.iterdir())
