"""The demo, with everything real: two runs, and one that is killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from auyl.settings import REPOSITORY
from auyl.store.embedded import EmbeddedPostgres

PERIOD = "2026-10"
SCALE = "160"  # 10,000 people

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("demo") / "home"
    yield home
    EmbeddedPostgres(home).destroy()


def demo(home: Path, *options: str) -> subprocess.Popen:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AUYL_", "AIRFLOW", "MAKE"))}
    env |= {"AUYL_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "lab", "demo", "--period", PERIOD, "--scale", SCALE, *options]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/")


def left_over(home: Path) -> list[str]:
    """Processes that know this home from their arguments or environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if str(home).encode() in text and state != "Z" and int(folder.name) != os.getpid():
            found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


def published(home: Path) -> list[tuple]:
    with EmbeddedPostgres(home) as dsn:
        conn = psycopg2.connect(dsn)
        with conn.cursor() as cur:
            cur.execute("select period, revision, content_sha256 from serving.snapshot order by 1, 2")
            rows = cur.fetchall()
        conn.close()
    return rows


def test_first_run_publishes_and_leaves_nothing_running(home: Path) -> None:
    process = demo(home)
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, out
    assert f"published: snapshot {PERIOD}, revision 1" in out
    assert re.search(r"triggered the intake of 28 registries", out)
    assert re.search(r"akim_\d{9} +1 of 131 okrugs", out)
    assert left_over(home) == []
    assert [row[:2] for row in published(home)] == [(PERIOD, 1)]


def test_no_secret_is_in_output_or_logs(home: Path) -> None:
    hidden = [file.read_text().strip() for file in (home / "secrets").iterdir() if not file.name.endswith(".json")]
    hidden += list(json.loads((home / "secrets" / "logins.json").read_text()).values())
    hidden.append((home / "postgres" / "password").read_text())
    assert len(hidden) >= 8
    logs = list(home.rglob("*.log"))
    assert len(logs) > 10
    for log in logs:
        text = log.read_text(errors="replace")
        assert not [secret[:4] for secret in hidden if secret in text], log


def test_second_run_changes_nothing_published(home: Path) -> None:
    before = published(home)
    process = demo(home, "--registries", "core")
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, out
    assert "nothing new: stays" in out
    assert published(home) == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_demo_leaves_no_process_behind(home: Path, how: signal.Signals) -> None:
    # a shell starts background jobs with SIGINT ignored, and an ignored signal stays so in children
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = demo(home, "--registries", "core")
    signal.signal(signal.SIGINT, previous)
    for line in process.stdout:
        if "triggered" in line:
            break
    time.sleep(2)
    process.send_signal(how)
    process.communicate(timeout=300)
    assert process.returncode == (130 if how == signal.SIGINT else -9)
    end = time.monotonic() + 120
    while left_over(home) and time.monotonic() < end:
        time.sleep(0.2)
    assert left_over(home) == []


def test_a_missing_classifier_is_reported_at_once(home: Path) -> None:
    process = demo(home, "--kato", "/nowhere/kato.csv")
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 2
    assert "/nowhere/kato.csv" in out
