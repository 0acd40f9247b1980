"""The embedded PostgreSQL: Kazakh text, safe files, lifetime of the server."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from auyl.settings import REPOSITORY
from auyl.store.embedded import EmbeddedPostgres, PostgresError

TIMEOUT_S = 90


def value(dsn: str, query: str) -> object:
    with contextlib.closing(psycopg2.connect(dsn)) as conn, conn.cursor() as cur:
        cur.execute(query)
        return cur.fetchone()[0]


def wait_gone(pid: int) -> bool:
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("server") / "дом с пробелом"
    home.mkdir(mode=0o700)
    yield home
    EmbeddedPostgres(home).destroy()


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home, settings={"fsync": "off"})
    yield server
    server.stop()


def test_kazakh_letters_have_case(dsn: str) -> None:
    assert value(dsn, "select 'ҚАРАҒАНДЫ' ilike 'қара%' and upper('әі') = 'ӘІ' and 'ҚҰЛ' ~* 'құл'")


def test_a_0700_home_works_and_nothing_is_open_to_others(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    assert value(dsn, "select current_setting('fsync')") == "off"
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.state_dir / "password").stat().st_mode) == 0o600
    for path in server._place().rglob("*"):
        if not path.is_symlink():
            assert not path.stat().st_mode & stat.S_IWOTH, path
    assert stat.S_IMODE((server._place() / "data").stat().st_mode) == 0o700


def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    dsn = server.start().replace(server._password(), "guess")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(dsn)


def test_data_survives_a_stop_and_the_address_stays(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    with contextlib.closing(psycopg2.connect(dsn)) as conn, conn:
        conn.cursor().execute("create table answer as select 42 as n")
    pid = server._running_pid()
    server.stop()
    assert wait_gone(pid)
    assert server.start() == dsn
    assert value(dsn, "select n from answer") == 42


def test_the_server_lives_until_its_last_holder_stops(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    second = EmbeddedPostgres(server.home)
    assert second.start() == dsn
    pid = server._running_pid()
    server.stop()
    assert value(dsn, "select 1") == 1
    second.stop()
    assert wait_gone(pid)


HOLDER = """
import sys, time
from pathlib import Path
from auyl.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"})
server.start()
print(server._running_pid(), flush=True)
time.sleep(600)
"""


def holder(server: EmbeddedPostgres) -> tuple[subprocess.Popen, int]:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(server.home)], stdout=subprocess.PIPE, text=True, env=env
    )
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_holder_leaves_no_server_behind(server: EmbeddedPostgres, how: signal.Signals) -> None:
    process, pid = holder(server)
    process.send_signal(how)
    process.wait()
    process.stdout.close()
    assert wait_gone(pid)


def test_a_killed_guard_takes_the_server_along(server: EmbeddedPostgres) -> None:
    server.start()
    pid = server._running_pid()
    watchdog = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(watchdog, signal.SIGKILL)
    assert wait_gone(pid)


def test_kill_9_of_the_server_does_not_hinder_the_next_start(server: EmbeddedPostgres) -> None:
    server.start()
    os.kill(server._running_pid(), signal.SIGKILL)
    server.stop()
    pidfile = server._place() / "data" / "postmaster.pid"
    if pidfile.exists():  # a stranger has got the pid by now
        lines = pidfile.read_text().splitlines()
        pidfile.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert value(server.start(), "select 1") == 1


def test_a_home_made_anew_gets_an_empty_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = EmbeddedPostgres(home, settings={"fsync": "off"})
    with server as dsn, contextlib.closing(psycopg2.connect(dsn)) as conn, conn:
        conn.cursor().execute("create table old ()")
    shutil.rmtree(home)
    try:
        with server as dsn:
            assert value(dsn, "select to_regclass('old')") is None
    finally:
        server.destroy()


@pytest.mark.skipif(os.geteuid() != 0, reason="the place outside the home is used by root only")
def test_a_place_that_is_a_link_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o755)
    (tmp_path / "place").symlink_to(target)
    with pytest.raises(PostgresError, match="belongs to this account alone"):
        EmbeddedPostgres(tmp_path / "home", place=tmp_path / "place").start()


def test_a_failed_statement_leaves_no_values_in_the_log(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    with contextlib.closing(psycopg2.connect(dsn)) as conn:
        conn.autocommit = True
        cur = conn.cursor()
        cur.execute("create table p (iin text primary key)")
        cur.execute("insert into p values ('850101300123')")
        for statement in ("insert into p values ('850101300123')", "create role x password 'hunter2' nonsense"):
            with pytest.raises(psycopg2.Error):
                cur.execute(statement)
    log = server.log.read_text()
    assert "duplicate key" in log
    assert "850101300123" not in log
    assert "hunter2" not in log


def test_a_new_database_is_closed_to_other_logins(postgres_server: str) -> None:
    import contextlib

    import psycopg2

    from auyl.store.schema import ensure_database

    dsn = ensure_database(postgres_server, "closed_to_others")
    with contextlib.closing(psycopg2.connect(postgres_server)) as con:
        con.autocommit = True
        con.cursor().execute("drop role if exists somebody_else")
        con.cursor().execute("create role somebody_else login password 'p'")
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(dsn, user="somebody_else", password="p")
        con.cursor().execute("drop database closed_to_others with (force)")
        con.cursor().execute("drop role somebody_else")
