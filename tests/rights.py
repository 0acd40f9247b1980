"""With which rights the processes of a running demo work, looked at from outside while it runs."""

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from types import TracebackType

import psycopg2

LOOK_EVERY_S = 0.4
SESSIONS = """
    select distinct a.usename, r.rolsuper or r.rolbypassrls or r.rolreplication
    from pg_stat_activity as a join pg_roles as r on r.oid = a.usesysid
    where a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
"""


class Rights:
    """Looks within its `with` at /proc and pg_stat_activity, from `begin` on.

    `commands`: of the processes that know the home, and of all that these started, without those in `in_front`, which
    the caller started. `roots`: those of them with any right of root. `logins`: who was signed in at the embedded
    server. `superusers`: those of them with more than their grants. `owners`: commands that were given the password of
    the owner of the database or of its superuser.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.in_front: set[int] = set()
        self.commands: set[str] = set()
        self.roots: set[str] = set()
        self.logins: set[str] = set()
        self.superusers: set[str] = set()
        self.owners: set[str] = set()
        self.looks = 0
        self.error: BaseException | None = None
        self._passwords = [home / "postgres" / name for name in ("password", "auyl_owner.password")]
        self._has_database = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self, line: str) -> None:
        """To be called with each line that the demo prints: a superuser sets the server up before it is ready."""
        self._has_database |= "PostgreSQL is ready" in line
        if not self._thread.ident:
            self._thread.start()

    def wait_for(self, looks: int) -> None:
        """Wait until it has looked so often again."""
        until = self.looks + looks
        while self.looks < until and self.error is None:
            time.sleep(LOOK_EVERY_S / 4)

    def __enter__(self) -> "Rights":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        if self._thread.ident:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended.wait(LOOK_EVERY_S):
                self._look_at_processes()
                if self._has_database:
                    self._look_at_sessions()
                self.looks += 1
        except BaseException as error:
            self.error = error

    def _look_at_processes(self) -> None:
        parents, known = {}, set()
        passwords = [file.read_bytes() for file in self._passwords if file.exists()]
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                pid = int(folder.name)
                parents[pid] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if os.fsencode(self.home) in text:
                    known.add(pid)
                if any(password in text for password in passwords):
                    self.owners.add((folder / "cmdline").read_text(errors="replace").replace("\0", " "))
        for pid in parents:
            line = [pid]
            while (parent := parents.get(line[-1])) and not known & set(line):
                line.append(parent)
            if known & set(line) and pid not in self.in_front:
                self._look_at(pid)

    def _look_at(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            folder = Path(f"/proc/{pid}")
            command = (folder / "cmdline").read_text(errors="replace").replace("\0", " ").strip()
            state = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
            if not command or state["State"].startswith(("Z", "X")):
                return
            self.commands.add(command)
            sets = {name: int(state[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
            # what root started must not gain its rights again by a program with the set-uid bit
            locked = os.geteuid() != 0 or state["NoNewPrivs"].strip() == "1"
            if "0" in (*state["Uid"].split(), *state["Gid"].split(), *state["Groups"].split()) or any(sets.values()):
                self.roots.add(f"{command}: uid {state['Uid']}, gid {state['Gid']}, {sets}")
            elif not locked:
                self.roots.add(f"{command}: may gain rights")

    def _look_at_sessions(self) -> None:
        state = self.home / "postgres"
        with contextlib.suppress(psycopg2.OperationalError, FileNotFoundError):  # it stops
            port = json.loads((state / "state.json").read_text())["port"]
            password = (state / "auyl_owner.password").read_text()
            dsn = f"postgresql://auyl_owner:{password}@127.0.0.1:{port}/auyl"
            with contextlib.closing(psycopg2.connect(dsn, connect_timeout=5)) as conn, conn.cursor() as cur:
                cur.execute(SESSIONS)
                for login, is_superuser in cur.fetchall():
                    self.logins.add(login)
                    if is_superuser:
                        self.superusers.add(login)
