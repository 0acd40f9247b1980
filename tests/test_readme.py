"""The demo, with everything real, and then every command of README.md on its installation, as it stands there."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg2
import pytest
from psycopg2 import errors

from auyl.store.embedded import EmbeddedPostgres
from tests.rights import Rights

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")
COMMANDS = [
    line.partition(" # ")[0].removeprefix("$ ").strip() for line in README.splitlines() if line.startswith("$ ")
]
# Those of docs/operating.md that need neither another installation nor a number of its own.
OPERATING = [
    line.partition(" # ")[0].removeprefix("    $ ").strip()
    for line in (REPOSITORY / "docs" / "operating.md").read_text("utf-8").splitlines()
    if line.startswith("    $ auyl ")
    and not re.search(r"/data/|КАТО|--boundaries| 188 | 201 |_203\.csv|rollback|forward|2027|corrected\.", line)
]
MAKE_COMMANDS = re.findall(r"^    (make \w+) +#", README, flags=re.MULTILINE)
# `auyl overdue` says by its exit code that something is overdue; here most of September never came in time.
EXIT_CODES = {"auyl overdue": 1, "auyl overdue --on 2026-11-24": 1}
PERIOD, EARLIER = "2026-10", "2026-09"
PEOPLE, SCALE = 10_000, 160

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("make") is None, reason="needs make")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of the demo, `.auyl` for everybody else."""
    home = tmp_path_factory.mktemp("demo") / "home"
    yield home
    EmbeddedPostgres(home).destroy()


@pytest.fixture(scope="module")
def environment(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment without any setting but the home."""
    folder = tmp_path_factory.mktemp("readme")
    programs = folder / "bin"
    programs.mkdir()
    for name, module in (("auyl", "-m auyl.cli"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (programs / name).chmod(0o755)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AUYL_", "AIRFLOW", "MAKE"))}
    return inherited | {
        "AUYL_HOME": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "WORK": str(folder),
    }


def run(command: str, environment: dict[str, str], code: int = 0) -> str:
    done = subprocess.run(
        command, shell=True, cwd=environment["WORK"], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, f"$ {command}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def line_of(command: str) -> str:
    """The command as it is run here: on fewer people."""
    return command.replace("lab synth extracts", f"lab synth extracts --people {PEOPLE}")


def lab(environment: dict[str, str], command: str, *options: str) -> subprocess.Popen:
    """`python -m lab` as a process of its own."""
    whole = [sys.executable, "-m", "lab", command, "--period", PERIOD, "--scale", str(SCALE), *options]
    return subprocess.Popen(
        whole, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/"
    )


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


def published(home: Path, period: str = PERIOD) -> list[tuple]:
    with EmbeddedPostgres(home) as dsn:
        conn = psycopg2.connect(dsn)
        with conn.cursor() as cur:
            cur.execute("select revision, content_sha256 from serving.snapshot where period = %s order by 1", (period,))
            rows = cur.fetchall()
        conn.close()
    return rows


@pytest.fixture(scope="module")
def demo(home: Path, environment: dict[str, str]) -> tuple[str, Rights]:
    """What `make demo` printed, and the rights that its processes had."""
    command = ["make", "-C", str(REPOSITORY), "-o", ".venv/.ready", f"PYTHON={sys.executable}", "demo"]
    process = subprocess.Popen(
        [*command, f"SCALE={SCALE}", f"PERIOD={PERIOD}"], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    lines = []
    with process, Rights(home) as rights:
        rights.in_front.add(process.pid)
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith("["):
                rights.begin(line)
    out = "".join(lines)
    assert process.returncode == 0, out
    assert "Traceback" not in out
    return out, rights


@pytest.fixture(scope="module")
def first_run(demo: tuple[str, Rights]) -> str:
    """What `make demo` printed."""
    return demo[0]


def test_make_demo_publishes_and_leaves_nothing_running(home: Path, first_run: str) -> None:
    assert MAKE_COMMANDS == ["make demo", "make test"]
    assert f"published: snapshot {PERIOD}, revision 1" in first_run
    assert "everything that was started is stopped" in first_run
    assert re.search(r"triggered the intake of 28 registries", first_run)
    assert re.search(r"akim_\d{9} +1 of 131 okrugs", first_run)
    assert left_over(home) == []
    assert [revision for revision, _ in published(home)] == [1]


def test_no_process_of_the_demo_is_root_or_a_superuser_of_the_database(demo: tuple[str, Rights], home: Path) -> None:
    _, rights = demo
    check_rights(rights, ("synth", "api-server", "scheduler", "dag-processor", "simulated_sources", "watchdog.py"))
    assert {"auyl_owner", "auyl_pipeline", "airflow", "dispatch"} <= rights.logins
    assert [str(path) for path in home.rglob("*") if path.lstat().st_uid != home.stat().st_uid] == []


def check_rights(rights: Rights, programs: tuple[str, ...]) -> None:
    assert rights.error is None
    assert rights.looks > 10
    assert [name for name in (*programs, "postgres -D") if not any(name in each for each in rights.commands)] == []
    assert rights.roots == set()
    assert rights.superusers == set()
    assert rights.owners == set()


def test_the_login_of_the_dags_changes_no_object_of_the_database(home: Path, first_run: str) -> None:
    assert first_run
    server = EmbeddedPostgres(home)
    with server, contextlib.closing(psycopg2.connect(server.pipeline_dsn)) as conn, conn.cursor() as cur:
        cur.execute("select count(*) from ledger.batch")
        assert cur.fetchone()[0] >= 28
        for statement in (
            "alter table ledger.batch add column note text", "alter table ledger.batch disable trigger all",
            "drop table serving.snapshot", "truncate ledger.batch", "create table ledger.own (n int)",
            "create table public.own (n int)", "create schema own", "create role own", "create database own",
            "alter table serving.snapshot_value disable row level security", "alter role auyl_pipeline superuser",
            "set role auyl_owner", "create function serving.own() returns int language sql as 'select 1'",
        ):  # fmt: skip
            conn.rollback()
            conn.autocommit = statement == "create database own"
            with pytest.raises(errors.InsufficientPrivilege):
                cur.execute(statement)


def test_no_secret_is_in_output_or_logs(home: Path, first_run: str) -> None:
    assert first_run
    hidden = [file.read_text().strip() for file in (home / "secrets").iterdir() if not file.name.endswith(".json")]
    hidden += list(json.loads((home / "secrets" / "logins.json").read_text()).values())
    hidden.append((home / "postgres" / "password").read_text())
    assert len(hidden) >= 8
    logs = list(home.rglob("*.log"))
    assert len(logs) > 10
    for log in logs:
        text = log.read_text(errors="replace")
        assert not [secret[:4] for secret in hidden if secret in text], log


def test_every_command_works_after_the_demo_without_a_setting(
    home: Path, first_run: str, environment: dict[str, str]
) -> None:
    assert first_run
    assert len(COMMANDS) > 25
    before = published(home)
    said = {}
    assert len(OPERATING) >= 8
    for command in COMMANDS[:3]:  # each starts and stops the server
        said[command] = run(line_of(command), environment, EXIT_CODES.get(command, 0))
    with EmbeddedPostgres(home):  # the others join it
        for command in [*COMMANDS[3:], *OPERATING]:
            said[command] = run(line_of(command), environment, EXIT_CODES.get(command, 0))
    assert f"· {PERIOD} · revision 1" in said["auyl snapshot show --okrug 193632000"], "the newest month"
    assert re.search(rf"^{EARLIER} +1 +current", said["auyl snapshot list"], flags=re.MULTILINE)
    assert said["auyl list okrugs Енбекшиказахский"].count("Енбекшиказахский") > 10
    assert {"rejected.xlsx", "outbox"} < set(os.listdir(environment["WORK"]))
    assert published(home) == before


def test_up_shows_two_months_changes_nothing_published_and_ends_with_ctrl_c(
    home: Path, first_run: str, environment: dict[str, str]
) -> None:
    assert first_run
    before = published(home)
    process = interruptible(environment, "up", "--registries", "core")
    lines = []
    with Rights(home) as rights:
        for line in process.stdout or ():
            lines.append(line)
            rights.begin(line)
            if "Ctrl-C stops everything" in line:
                break
        pages = re.search(r"okrug pages +(http://\S+)", "".join(lines))
        assert pages and httpx.get(f"{pages[1]}healthz", trust_env=False).status_code == 200
        rights.wait_for(2)
    check_rights(rights, ("auyl.portal", "api-server"))
    assert {"auyl_portal", "auyl_pipeline"} <= rights.logins
    process.send_signal(signal.SIGINT)
    out = "".join([*lines, process.communicate(timeout=300)[0]])
    assert process.returncode == 0, out
    assert f"the month before, {EARLIER}: 6 extracts" in out
    assert f"nothing new: stays snapshot {PERIOD}" in out
    assert "okrug pages" in out and gone(home) == []
    assert published(home) == before and published(home, EARLIER)


def interruptible(environment: dict[str, str], command: str, *options: str) -> subprocess.Popen:
    # a shell starts background jobs with SIGINT ignored, and an ignored signal stays so in children
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return lab(environment, command, *options)
    finally:
        signal.signal(signal.SIGINT, previous)


def gone(home: Path) -> list[str]:
    """What is left of the home's processes when they had time to end."""
    end = time.monotonic() + 120
    while left_over(home) and time.monotonic() < end:
        time.sleep(0.2)
    return left_over(home)


@pytest.mark.parametrize(("how", "at"), [(signal.SIGKILL, "triggered"), (signal.SIGINT, "schema of the serving")])
def test_a_stopped_demo_leaves_no_process_behind(
    home: Path, environment: dict[str, str], how: signal.Signals, at: str
) -> None:
    process = interruptible(environment, "demo", "--registries", "core")
    for line in process.stdout or ():
        if at in line:
            break
    time.sleep(2)
    process.send_signal(how)
    process.communicate(timeout=300)
    assert process.returncode == (130 if how == signal.SIGINT else -9)
    assert gone(home) == []


def test_a_missing_classifier_is_reported_at_once(environment: dict[str, str]) -> None:
    process = lab(environment, "demo", "--kato", "/nowhere/kato.csv")
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 2
    assert "/nowhere/kato.csv" in out


def test_make_runs_the_tests(environment: dict[str, str]) -> None:
    tests = run(
        f"make -C {REPOSITORY} -o .venv/.ready PYTHON={sys.executable} test ARGS='tests/test_house.py -k circle'",
        environment,
    )
    assert "1 passed" in tests
