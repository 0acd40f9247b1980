"""What is written is for the account that runs the pipeline alone, and what a dead process left does not stay."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auyl.errors import FolderOpen
from auyl.settings import REPOSITORY, Settings
from auyl.store.closed import check_closed
from auyl.store.lake import Lake
from tests.extracts import PERIOD, person, population_xml

# Writes as a build does, says so, and waits to be killed.
BUSY = """
import dataclasses, time
from auyl.settings import from_environment
from auyl.store import duck
from auyl.store.spill import spill_folder
settings = dataclasses.replace(from_environment(), memory_gib=0.06, threads=1)
with spill_folder(settings) as folder:
    (folder / "rows.csv").write_text("900101300123,ИВАНОВ\\n")
    con = duck.connect(settings)
    con.execute("create temp table t as select range as a, hash(range) as b, hash(range + 1) as c from range(4000000)")
    print("ready", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def environment(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """A home and a lake that do not exist yet."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AUYL_")} | {
        "PYTHONPATH": str(REPOSITORY), "AUYL_DSN": settings.dsn, "AUYL_HOME": str(tmp_path / "own" / "home"),
        "AUYL_LAKE": str(tmp_path / "own" / "lake"), "AUYL_HASH_KEY_FILE": str(settings.hash_key_file),
    }  # fmt: skip


def auyl(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does whose umask lets everybody read."""
    return subprocess.run(
        [sys.executable, "-m", "auyl.cli", *command], env=environment, umask=0o022, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def open_to_others(*roots: Path) -> list[str]:
    """Files and folders that others may open, as `mode path`."""
    places = [place for root in roots for place in (root, *root.rglob("*"))]
    assert len(places) > len(roots)
    return [f"{mode:o} {place}" for place in places if (mode := place.lstat().st_mode & 0o777) & 0o077]


def test_everything_that_commands_write_is_closed(environment: dict[str, str], tmp_path: Path) -> None:
    extract = tmp_path / f"population_{PERIOD}_part001.xml"
    extract.write_bytes(population_xml([*map(person, range(20)), person(20) | {"iin": "900101300124"}]))
    taken = auyl(environment, "intake", "population", str(extract), "--period", PERIOD)
    assert "rows_in 21 staged 20" in taken.stdout, taken.stderr
    assert "1 rows for" in auyl(environment, "handback", "population", "--to", str(tmp_path / "out")).stdout
    exported = auyl(environment, "quarantine", "population", "--export", str(tmp_path / "out" / "rejected.xlsx"))
    assert exported.returncode == 0, exported.stderr
    assert len(list((tmp_path / "own" / "lake" / "handback").rglob("*.xml"))) == 1
    assert open_to_others(tmp_path / "own" / "home", tmp_path / "own" / "lake", tmp_path / "out") == []


@pytest.mark.parametrize(("setting", "name"), [("AUYL_HOME", "home"), ("AUYL_LAKE", "lake")])
@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720])
def test_a_folder_that_others_may_open_is_refused_with_the_command_that_closes_it(
    environment: dict[str, str], tmp_path: Path, setting: str, name: str, mode: int
) -> None:
    folder = tmp_path / "own" / name
    folder.mkdir(parents=True)
    folder.chmod(mode)
    if mode != 0o755:  # the others by the function alone: a command costs half a second
        with pytest.raises(FolderOpen, match=rf"setting {setting}: .* mode {mode:o}\. Fix: chmod -R go= "):
            check_closed(folder, setting)
        return
    refused = auyl(environment, "extracts")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    command = re.fullmatch(
        rf"setting {setting}: expected a folder that no other account can open; found .* with mode {mode:o}\. "
        r"Fix: (chmod -R go= .*)", line,
    )  # fmt: skip
    assert command, line
    subprocess.run(command[1], shell=True, check=True)
    assert auyl(environment, "extracts").returncode == 0


def test_a_folder_of_another_account_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root becomes another account")
    (tmp_path / "lake").mkdir(mode=0o700)
    tmp_path.chmod(0o711)
    with contextlib.ExitStack() as stack:
        for parent in tmp_path.parents:
            if not parent.stat().st_mode & 0o001:
                stack.callback(parent.chmod, parent.stat().st_mode & 0o777)
                parent.chmod(0o711)
        os.seteuid(65534)
        stack.callback(os.seteuid, 0)
        with pytest.raises(FolderOpen, match=r"expected a folder of the account that runs this; found .* of root"):
            check_closed(tmp_path / "lake", "AUYL_LAKE")


def test_object_storage_has_no_modes() -> None:
    assert Lake("memory://bucket/lake").files("landing") == []


@pytest.fixture(scope="module")
def portal_status(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a running portal what the kernel says, from a shell whose umask lets everybody read."""
    folder = tmp_path_factory.mktemp("portal")
    (folder / "dsn").write_text("postgresql://auyl_portal@127.0.0.1:1/auyl")
    command = [sys.executable, "-m", "auyl.portal", "--dsn-file", str(folder / "dsn"), "--port", "0"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, env=environment, umask=0o022, stderr=subprocess.PIPE, text=True) as portal:
        assert portal.stderr is not None
        for line in portal.stderr:
            if "Started server process" in line:
                break
        status = Path(f"/proc/{portal.pid}/status").read_text()
        portal.terminate()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}


def test_the_portal_writes_closed_files(portal_status: dict[str, str]) -> None:
    assert portal_status["Umask"] == "0077"


def test_a_portal_that_root_starts_has_no_right_of_root(portal_status: dict[str, str]) -> None:
    assert "0" not in (*portal_status["Uid"].split(), *portal_status["Gid"].split(), *portal_status["Groups"].split())
    assert {int(portal_status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert portal_status["NoNewPrivs"] == "1" or os.geteuid() != 0


@pytest.fixture
def busy(environment: dict[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes in the middle of their work."""
    processes = [
        subprocess.Popen([sys.executable, "-c", BUSY], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_what_a_killed_process_spilled_is_swept_at_the_next_start_and_nothing_of_a_living_one(
    busy: list[subprocess.Popen[str]], environment: dict[str, str]
) -> None:
    home = Path(environment["AUYL_HOME"])
    (home / "spill" / "auyl-of-an-earlier-version").mkdir()
    (home / "partial" / "population_2026-01").mkdir(parents=True)
    os.utime(home / "partial" / "population_2026-01", (0, time.time() - 23 * 86400))
    dead, alive = busy
    dead.send_signal(signal.SIGKILL)
    dead.wait()

    def left(process: subprocess.Popen[str]) -> list[Path]:
        return [file for file in (home / "spill").glob(f"{process.pid}-*/*") if file.stat().st_size]

    before = left(alive)
    assert {file.name[:6] for file in left(dead)} == {"rows.c", "duckdb"}
    assert auyl(environment, "extracts").returncode == 0
    assert left(dead) == []
    assert left(alive) == before != []
    assert {folder.name.split("-")[0] for folder in (home / "spill").iterdir()} == {str(alive.pid)}
    assert list((home / "partial").iterdir()) == []
