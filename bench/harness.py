"""One run of a bench: extracts, an embedded server, and a database and a lake for each measured process.

Which questions are asked, and their limits, is in the modules with a `main`; how results are shown, in `report`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import psycopg2

from auyl import contracts
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.schema import database_url, ensure_database
from bench import REPOSITORY, copy_limit
from bench.measured import ChildFailed, Measured, run

# Options of `bench.pandas_way` by the name of the peer.
PEERS: dict[str, tuple[str, ...]] = {
    "pandas_way": (),
    "pandas_copy": ("--store", "copy"),
    "pandas_parquet": ("--store", "parquet"),
    "pandas_lean": ("--lean",),
}
# Peers take in the extracts of so many times fewer people, and their time is scaled up.
PANDAS_SHARE = 10

Values = dict[tuple[str, str], float | None]


class Bench:
    """Measures processes on the extracts of `people` persons; everything is kept below the folder `work`.

    `results` are the runs by name, `agreement` the share of values that a peer has in common with `auyl build`,
    `differing` the number of the others by theme, `facts` what the report says about the extracts.
    """

    def __init__(self, people: int, period: str, work: Path, say: Callable[[str], None]) -> None:
        self.people, self.period, self.work, self.say = people, period, work, say
        self.postgres = EmbeddedPostgres(work / "server")
        self.results: dict[str, list[Measured]] = {}
        self.agreement: dict[str, float] = {}
        self.differing: dict[str, dict[str, int]] = {}
        self.facts: dict[str, Any] = {}
        self._our_values: Values = {}
        self._databases = 0

    # -- not measured ------------------------------------------------------------------------------------------

    def extracts(self, people: int) -> Path:
        """Folder with the extracts of all registries for `people` persons; made when it does not exist."""
        folder = self.work / "extracts" / str(people)
        self.say(f"extracts of {people:,} people")
        self._run_quietly("lab", "synth", str(folder), "--period", self.period, "--people", str(people))
        return folder

    def registries_in(self, extracts: Path) -> tuple[str, ...]:
        """The registries that `auyl build` takes in from these extracts: those with a folder and a contract."""
        known = contracts.names(REPOSITORY / "include")
        return tuple(name for name in known if (extracts / self.period / name).is_dir())

    def view(self, extracts: Path, registries: Collection[str]) -> Path:
        """A folder with only these registries of the extracts, and the reference files, as symbolic links.

        Reads all files once, so that all measured processes find them in the page cache. Raises ChildFailed when a
        registry has no folder.
        """
        view = self.work / "views" / f"{extracts.name}_{len(registries)}"
        shutil.rmtree(view, ignore_errors=True)
        (view / self.period).mkdir(parents=True)
        for part in ("reference", *(f"{self.period}/{registry}" for registry in registries)):
            if not (extracts / part).is_dir():
                raise ChildFailed(f"no {part} in {extracts}")
            (view / part).symlink_to(extracts / part, target_is_directory=True)
            for file in (extracts / part).iterdir():
                with file.open("rb") as stream:
                    while stream.read(1 << 22):
                        pass
        return view

    def _env(self, dsn: str | None = None) -> dict[str, str]:
        env = {name: v for name, v in os.environ.items() if not name.startswith(("AUYL_", "PYTHONDONTWRITEBYTECODE"))}
        home = self.work / "home"
        env |= {"PYTHONPATH": str(REPOSITORY), "AUYL_HOME": str(home), "AUYL_LAKE": str(home / "lake")}
        env["AUYL_HASH_KEY_FILE"] = str(home / "hash.key")
        return env | ({"AUYL_DSN": dsn} if dsn else {})

    def _run_quietly(self, module: str, *arguments: str, dsn: str | None = None) -> None:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, env=self._env(dsn), capture_output=True, text=True, check=False)
        if done.returncode:
            raise ChildFailed(f"{module} {' '.join(arguments[:1])}: {(done.stdout + done.stderr)[-2000:]}")

    def _new_database(self) -> str:
        """DSN of a new empty database, after a checkpoint that flushes the write-ahead log of the previous one."""
        self._databases += 1
        dsn = ensure_database(self._server, f"bench_{self._databases}")
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            connection.cursor().execute("checkpoint")
        return dsn

    def _drop(self, dsn: str) -> None:
        name = dsn.rsplit("/", 1)[-1]
        with contextlib.closing(psycopg2.connect(self._server)) as connection:
            connection.autocommit = True
            connection.cursor().execute(f'drop database if exists "{name}" with (force)')

    def _new_home(self) -> Path:
        home = self.work / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True, mode=0o700)
        (home / "hash.key").write_text(secrets.token_hex(32), encoding="ascii")
        (home / "hash.key").chmod(0o600)
        return home

    def _postmaster(self) -> int:
        with contextlib.closing(psycopg2.connect(self._server)) as connection:
            backend = connection.info.backend_pid
            return int(Path(f"/proc/{backend}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1])

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Run the embedded server; at the end it is destroyed with all its databases."""
        try:
            with self.postgres:
                # COPY from a file of the server's machine needs a superuser.
                self._server, self._watched = database_url(self.postgres.superuser_dsn, "postgres"), None
                self._watched = self._postmaster()
                for name in self._left_over():
                    self._drop(database_url(self._server, name))
                yield
        finally:
            self.postgres.destroy()
            shutil.rmtree(self.work / "home", ignore_errors=True)

    def _left_over(self) -> list[str]:
        """Databases of a run that was killed."""
        with contextlib.closing(psycopg2.connect(self._server)) as connection:
            cursor = connection.cursor()
            cursor.execute("select datname from pg_database where datname like 'bench\\_%'")
            return [row[0] for row in cursor.fetchall()]

    def _copy_plan(self, extracts: Path, folder: Path) -> Path:
        self.say("making files that the server can read: sheets as CSV, UTF-16 as UTF-8")
        tasks = copy_limit.prepare(extracts, self.period, folder, database_url(self._server, "postgres"))
        plan = self.work / "copy.json"
        plan.write_text(json.dumps(tasks), encoding="utf-8")
        self.facts["bytes_for_copy"] = sum(task["bytes"] for task in tasks)
        return plan

    # -- measured ----------------------------------------------------------------------------------------------

    def _measure(self, name: str, arguments: list[str], dsn: str) -> Measured:
        command = [sys.executable, "-m", *arguments]
        measured = run(command, self._env(dsn), self.work / f"{name}.log", self._watched)
        self.results.setdefault(name, []).append(measured)
        memory = f"{measured.peak_mib:6.0f} MiB  server {measured.server_mib:5.0f} MiB"
        self.say(f"  {name:18} {measured.seconds:7.1f} s  cpu {measured.cpu_seconds:7.1f} s  {memory}")
        return measured

    def copy(self, name: str, plan: Path, sessions: int) -> None:
        """Measure one COPY of all files."""
        self._new_home()
        dsn = self._new_database()
        try:
            self._measure(name, ["bench.copy_limit", str(plan), str(sessions)], dsn)
        finally:
            self._drop(dsn)

    def _migrated(self, extracts: Path) -> str:
        """DSN of a new database that knows the territory of the extracts."""
        self._new_home()
        dsn = self._new_database()
        reference = extracts / "reference"
        self._run_quietly("auyl.cli", "migrate", dsn=dsn)
        tables = ["--crosswalk", str(reference / "crosswalk.csv"), "--addresses", str(reference / "address.csv")]
        self._run_quietly("auyl.cli", "territory", "load", str(reference / "kato.csv"), *tables, dsn=dsn)
        return dsn

    def build(self, extracts: Path) -> None:
        """Measure one `auyl build` on an empty lake and database.

        Raises ChildFailed when it published nothing, refused a registry, or landed other bytes than the extracts.
        """
        dsn = self._migrated(extracts)
        try:
            self._measure("auyl_build", ["auyl.cli", "build", str(extracts), "--period", self.period], dsn)
            if not snapshot_values(dsn, OKRUG_VALUES):
                raise ChildFailed(f"auyl build published nothing: {self.work / 'auyl_build.log'}")
            sent, landed = self._bytes_of(extracts), self._landed(dsn)
            if wrong := sorted(name for name in sent | landed if sent.get(name) != landed.get(name)):
                raise ChildFailed(f"auyl build did not take all of {', '.join(wrong)}: {self.work / 'auyl_build.log'}")
        finally:
            self._drop(dsn)
            shutil.rmtree(self.work / "home", ignore_errors=True)

    def _bytes_of(self, extracts: Path) -> dict[str, int]:
        """Bytes of each registry in a folder of extracts."""
        folders = sorted(folder for folder in (extracts / self.period).iterdir() if folder.is_dir())
        return {folder.name: sum(file.stat().st_size for file in folder.iterdir()) for folder in folders}

    def _landed(self, dsn: str) -> dict[str, int]:
        """Bytes in the landing of every accepted batch, by registry; symbolic links do not count."""
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "select registry, landing_path from ledger.batch inner join ledger.delivery using (delivery_id)"
            )
            landing = {registry: self.work / "home" / "lake" / path for registry, path in cursor.fetchall()}
        return {
            registry: sum(
                f.lstat().st_size for f in folder.iterdir() if f.name != "manifest.json" and not f.is_symlink()
            )
            for registry, folder in landing.items()
        }

    def pandas(self, name: str, extracts: Path) -> None:
        """Measure one pass of a peer; the first time, compare its values with those of `auyl build`."""
        home = self._new_home()
        dsn = self._new_database()
        command = ["bench.pandas_way", str(extracts), self.period, str(home / "aside"), *PEERS[name]]
        try:
            self._measure(name, command, dsn)
            if name not in self.agreement:
                self._compare(name, extracts, snapshot_values(dsn, "snapshot_value"))
        finally:
            self._drop(dsn)
            shutil.rmtree(home, ignore_errors=True)

    def _compare(self, name: str, extracts: Path, values: Values) -> None:
        """Note which share of the values of `auyl build` on these extracts the peer has too, within 2%."""
        ours = self._our_values = self._our_values or self._built_values(extracts)
        differing = [
            indicator
            for (okrug, indicator), value in ours.items()
            if not is_near(value, values.get((okrug, indicator)))
        ]
        self.differing[name] = dict(Counter(indicator.partition(".")[0] for indicator in differing).most_common())
        self.agreement[name] = 1 - len(differing) / len(ours)

    def _built_values(self, extracts: Path) -> Values:
        dsn = self._migrated(extracts)
        try:
            self._run_quietly("auyl.cli", "build", str(extracts), "--period", self.period, dsn=dsn)
            ours = snapshot_values(dsn, OKRUG_VALUES)
        finally:
            self._drop(dsn)
        if not ours:
            raise ChildFailed(f"auyl build published nothing for {extracts.name}, a tenth of the people; take more")
        return ours

    def rounds(self, runs: int, names: Collection[str], registries: Collection[str] | None = None) -> None:
        """Measure the processes of `names` in turns, each once per round, so that a busy minute affects all alike.

        All of them take these registries, or every one that exists.
        """
        extracts = self.extracts(self.people)
        registries = registries or self.registries_in(extracts)
        full = self.view(extracts, registries)
        has_peers = bool(set(PEERS) & set(names))
        tenth = self.view(self.extracts(self.people // PANDAS_SHARE), registries) if has_peers else full
        self.facts = {"registries": list(registries), "bytes": sum(self._bytes_of(full).values())}
        with self.serving(), tempfile.TemporaryDirectory(prefix="auyl-bench-") as folder:
            plan = self._copy_plan(full, Path(folder)) if {"copy_limit", "copy_two_sessions"} & set(names) else None
            for number in range(1, runs + 1):
                self.say(f"round {number} of {runs}")
                if plan and "copy_limit" in names:
                    self.copy("copy_limit", plan, 1)
                if "auyl_build" in names:
                    self.build(full)
                if plan and "copy_two_sessions" in names:
                    self.copy("copy_two_sessions", plan, 2)
                for name in PEERS:
                    if name in names:
                        self.pandas(name, tenth)


def is_near(ours: float | None, theirs: float | None) -> bool:
    """Whether two values agree within 2%, or within 0.11 for small ones. A missing one agrees with zero."""
    if ours is None or theirs is None:
        return ours is None and (theirs is None or theirs == 0)
    return abs(ours - theirs) <= max(0.02 * abs(ours), 0.11)


# The peer measures okrugs.
OKRUG_VALUES = "serving.snapshot_value where level = 'okrug'"


def snapshot_values(dsn: str, table: str) -> Values:
    """Values by okrug and indicator in a table of the database."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"select kato, indicator_id, value from {table}")
        return {(k, i): None if v is None or v != v else float(v) for k, i, v in cursor.fetchall()}
