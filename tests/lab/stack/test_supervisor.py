"""Processes that live and die together: nothing outlives its owner, however the owner ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auyl.settings import REPOSITORY
from lab.stack.supervisor import ProcessFailed, Stopped, Supervisor, signals_stop

# a program that starts another one in its own session and writes both pids
PARENT = """
import os, subprocess, sys, time
if sys.argv[2] == "deaf":
    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
with open(sys.argv[1] + ".part", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(600)
"""

OWNER = """
import sys, time
from pathlib import Path
from lab.stack.supervisor import Supervisor
with Supervisor(Path(sys.argv[1])) as supervisor:
    supervisor.start("parent", [sys.executable, "-c", sys.argv[2], sys.argv[3], "polite"])
    time.sleep(600)
"""


def pids(file: Path) -> list[int]:
    end = time.monotonic() + 90
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    return [int(pid) for pid in file.read_text().split()]


def all_gone(found: list[int]) -> bool:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if not any(alive(pid) for pid in found):
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("manner", ["polite", "deaf"])
def test_stopping_ends_grandchildren_too(tmp_path: Path, manner: str) -> None:
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start("parent", [sys.executable, "-c", PARENT, tmp_path / "pids", manner], stop_s=1)
        found = pids(tmp_path / "pids")
        assert all(alive(pid) for pid in found)
    assert not any(alive(pid) for pid in found)


def test_kill_9_of_the_owner_leaves_no_orphans(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", OWNER, str(tmp_path / "logs"), PARENT, str(tmp_path / "pids")]
    owner = subprocess.Popen(command, env=env)
    found = pids(tmp_path / "pids")
    owner.kill()
    owner.wait()
    assert all_gone(found)


def test_a_failed_program_is_named_with_its_log(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        with pytest.raises(ProcessFailed, match=r"migrate exited with 3; log: .*migrate\.log"):
            supervisor.run("migrate", [sys.executable, "-c", "print('no such table', flush=True); raise SystemExit(3)"])
        assert (tmp_path / "migrate.log").read_text() == "no such table\n"


def test_waiting_ends_when_a_program_dies(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        child = supervisor.start("server", [sys.executable, "-c", "pass"])
        with pytest.raises(ProcessFailed, match="server ended with 0"):
            supervisor.wait_until(lambda: False, child, 20)


def test_sigterm_runs_the_way_out() -> None:
    with pytest.raises(Stopped), signals_stop():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
