"""How fast are the core registries? `auyl build` compared with COPY of the same bytes and with pandas and `to_sql`.

All take the same six registries. `python -m bench.registries` takes all that there are, without pandas. The peer is
judged as `pandas_way`; shown beside it are `pandas_copy`, whose `to_sql` does COPY, `pandas_parquet`, which keeps files
as `auyl build` does, and `pandas_lean`, which does less.

`python -m bench.core_registries [--people N] [--runs N] [--only copy_limit,auyl_build,pandas_way] [--json]`
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2

from auyl import contracts
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.schema import database_url, ensure_database
from bench import REPOSITORY, copy_limit
from bench.measured import ChildFailed, Measured, run
from lab import CORE_REGISTRIES

PEERS: dict[str, tuple[str, ...]] = {
    "pandas_way": (),
    "pandas_copy": ("--store", "copy"),
    "pandas_parquet": ("--store", "parquet"),
    "pandas_lean": ("--lean",),
}
NAMES = ("copy_limit", "copy_two_sessions", "auyl_build", *PEERS)
PANDAS_SHARE = 10
# These parts of the pandas way take the same time for any number of people.
PANDAS_FIXED = (
    "imports", "territory", "ledger", "budget_okrug: land", "budget_okrug", "budget_okrug: keep raw",
    "budget_okrug: keep stage and quarantine", "indicators", "gate", "keep links", "keep snapshot",
)  # fmt: skip
MAX_TO_COPY, MIN_TO_PANDAS, MAX_PEAK_MIB = 4.0, 15.0, 4096.0


@dataclass(frozen=True)
class Verdict:
    """One limit: what was measured, whether it is kept; `kept` is None when it was not measured."""

    limit: str
    measured: float | None
    kept: bool | None


class Bench:
    """One run: the extracts, an embedded server of its own, a database and a lake for each measured process."""

    def __init__(self, people: int, period: str, work: Path, say: Callable[[str], None]) -> None:
        self.people, self.period, self.work, self.say = people, period, work, say
        self.postgres = EmbeddedPostgres(work / "server")
        self.results: dict[str, list[Measured]] = {}
        self.agreement: dict[str, float] = {}
        self.apart: dict[str, dict[str, int]] = {}
        self._ours: dict[tuple[str, str], float | None] = {}
        self.measured: dict[str, Any] = {}
        self._made = 0

    # -- outside of the clock ----------------------------------------------------------------------------------

    def extracts(self, people: int) -> Path:
        """Folder of the extracts of so many people, all registries; made when it is not there."""
        folder = self.work / "extracts" / str(people)
        self.say(f"extracts of {people:,} people")
        self._quiet("lab", "synth", str(folder), "--period", self.period, "--people", str(people))
        return folder

    def every(self, extracts: Path) -> tuple[str, ...]:
        """The registries that `auyl build` takes in from these extracts: those with a folder and a contract."""
        known = contracts.names(REPOSITORY / "include")
        return tuple(name for name in known if (extracts / self.period / name).is_dir())

    def view(self, extracts: Path, registries: Collection[str]) -> Path:
        """A folder that holds only these registries of the extracts, and the reference, as symbolic links.

        All files are read once. Raises ChildFailed when a registry has no folder.
        """
        view = self.work / "views" / f"{extracts.name}_{len(registries)}"
        shutil.rmtree(view, ignore_errors=True)
        (view / self.period).mkdir(parents=True)
        for part in ("reference", *(f"{self.period}/{registry}" for registry in registries)):
            if not (extracts / part).is_dir():
                raise ChildFailed(f"no {part} in {extracts}")
            (view / part).symlink_to(extracts / part, target_is_directory=True)
            for file in (extracts / part).iterdir():
                with file.open("rb") as stream:  # warm in the page cache for all alike
                    while stream.read(1 << 22):
                        pass
        return view

    def _env(self, dsn: str | None = None) -> dict[str, str]:
        env = {name: v for name, v in os.environ.items() if not name.startswith(("AUYL_", "PYTHONDONTWRITEBYTECODE"))}
        home = self.work / "home"
        env |= {"PYTHONPATH": str(REPOSITORY), "AUYL_HOME": str(home), "AUYL_LAKE": str(home / "lake")}
        env["AUYL_HASH_KEY_FILE"] = str(home / "hash.key")
        return env | ({"AUYL_DSN": dsn} if dsn else {})

    def _quiet(self, module: str, *arguments: str, dsn: str | None = None) -> None:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, env=self._env(dsn), capture_output=True, text=True, check=False)
        if done.returncode:
            raise ChildFailed(f"{module} {' '.join(arguments[:1])}: {(done.stdout + done.stderr)[-2000:]}")

    def _database(self) -> str:
        """A new empty database, the write-ahead log of the former one flushed."""
        self._made += 1
        dsn = ensure_database(self._server, f"bench_{self._made}")
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            connection.cursor().execute("checkpoint")
        return dsn

    def _drop(self, dsn: str) -> None:
        name = dsn.rsplit("/", 1)[-1]
        with contextlib.closing(psycopg2.connect(self._server)) as connection:
            connection.autocommit = True
            connection.cursor().execute(f'drop database if exists "{name}" with (force)')

    def _home(self) -> Path:
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

    # -- what is measured --------------------------------------------------------------------------------------

    def _measure(self, name: str, arguments: list[str], dsn: str) -> Measured:
        command = [sys.executable, "-m", *arguments]
        measured = run(command, self._env(dsn), self.work / f"{name}.log", self._watched)
        self.results.setdefault(name, []).append(measured)
        memory = f"{measured.peak_mib:6.0f} MiB  server {measured.server_mib:5.0f} MiB"
        self.say(f"  {name:18} {measured.seconds:7.1f} s  cpu {measured.cpu_seconds:7.1f} s  {memory}")
        return measured

    def copy(self, name: str, plan: Path, sessions: int) -> None:
        """One COPY of all files."""
        self._home()
        dsn = self._database()
        try:
            self._measure(name, ["bench.copy_limit", str(plan), str(sessions)], dsn)
        finally:
            self._drop(dsn)

    def _prepared(self, extracts: Path) -> str:
        self._home()
        dsn = self._database()
        reference = extracts / "reference"
        self._quiet("auyl.cli", "migrate", dsn=dsn)
        tables = ["--crosswalk", str(reference / "crosswalk.csv"), "--addresses", str(reference / "address.csv")]
        self._quiet("auyl.cli", "territory", str(reference / "kato.csv"), *tables, dsn=dsn)
        return dsn

    def build(self, extracts: Path) -> None:
        """One `auyl build` on an empty lake and database.

        Raises ChildFailed when it published nothing, refused a registry, or landed other bytes than those it was given.
        """
        dsn = self._prepared(extracts)
        try:
            self._measure("auyl_build", ["auyl.cli", "build", str(extracts), "--period", self.period], dsn)
            if not _snapshot(dsn, "serving.snapshot_value"):
                raise ChildFailed(f"auyl build published nothing: {self.work / 'auyl_build.log'}")
            given, landed = self._given(extracts), self._landed(dsn)
            if wrong := sorted(name for name in given | landed if given.get(name) != landed.get(name)):
                raise ChildFailed(f"auyl build did not take all of {', '.join(wrong)}: {self.work / 'auyl_build.log'}")
        finally:
            self._drop(dsn)
            shutil.rmtree(self.work / "home", ignore_errors=True)

    def _given(self, extracts: Path) -> dict[str, int]:
        """Bytes of each registry in a folder of extracts."""
        folders = sorted(folder for folder in (extracts / self.period).iterdir() if folder.is_dir())
        return {folder.name: sum(file.stat().st_size for file in folder.iterdir()) for folder in folders}

    def _landed(self, dsn: str) -> dict[str, int]:
        """Bytes in the landing of every accepted batch, by registry; links are not counted."""
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
        """One pass of a peer; the first time its values are compared with those of `auyl build`."""
        home = self._home()
        dsn = self._database()
        command = ["bench.pandas_way", str(extracts), self.period, str(home / "aside"), *PEERS[name]]
        try:
            self._measure(name, command, dsn)
            if name not in self.agreement:
                self._agree(name, extracts, _snapshot(dsn, "snapshot_value"))
        finally:
            self._drop(dsn)
            shutil.rmtree(home, ignore_errors=True)

    def _agree(self, name: str, extracts: Path, values: dict[tuple[str, str], float | None]) -> None:
        """Note which share of the values of `auyl build` on these extracts the peer has too, within 2%."""
        ours = self._ours = self._ours or self._built(extracts)
        apart = [
            indicator for (okrug, indicator), value in ours.items() if not _near(value, values.get((okrug, indicator)))
        ]
        self.apart[name] = dict(Counter(indicator.partition(".")[0] for indicator in apart).most_common())
        self.agreement[name] = 1 - len(apart) / len(ours)

    def _built(self, extracts: Path) -> dict[tuple[str, str], float | None]:
        dsn = self._prepared(extracts)
        try:
            self._quiet("auyl.cli", "build", str(extracts), "--period", self.period, dsn=dsn)
            ours = _snapshot(dsn, "serving.snapshot_value")
        finally:
            self._drop(dsn)
        if not ours:
            raise ChildFailed(f"auyl build published nothing for {extracts.name}, a tenth of the people; take more")
        return ours

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """The embedded server while something is measured; afterwards it is gone with all that was written to it."""
        try:
            with self.postgres as server:
                self._server, self._watched = database_url(server, "postgres"), None
                self._watched = self._postmaster()
                for stale in self._stale():
                    self._drop(database_url(server, stale))
                yield
        finally:
            self.postgres.destroy()
            shutil.rmtree(self.work / "home", ignore_errors=True)

    def rounds(self, runs: int, only: Collection[str], registries: Collection[str] | None = None) -> None:
        """Measure in turns: each round has every one once, so that a busy minute hits all alike.

        All of them take these registries, or every one that there is.
        """
        made = self.extracts(self.people)
        names = registries or self.every(made)
        full = self.view(made, names)
        tenth = self.view(self.extracts(self.people // PANDAS_SHARE), names) if set(PEERS) & set(only) else full
        self.measured = {"registries": list(names), "bytes": sum(self._given(full).values())}
        with self.serving(), tempfile.TemporaryDirectory(prefix="auyl-bench-") as folder:
            plan = self._plan(full, Path(folder)) if {"copy_limit", "copy_two_sessions"} & set(only) else None
            for number in range(1, runs + 1):
                self.say(f"round {number} of {runs}")
                if plan and "copy_limit" in only:
                    self.copy("copy_limit", plan, 1)
                if "auyl_build" in only:
                    self.build(full)
                if plan and "copy_two_sessions" in only:
                    self.copy("copy_two_sessions", plan, 2)
                for name in PEERS:
                    if name in only:
                        self.pandas(name, tenth)

    def _stale(self) -> list[str]:
        with contextlib.closing(psycopg2.connect(self._server)) as connection:
            cursor = connection.cursor()
            cursor.execute("select datname from pg_database where datname like 'bench\\_%'")
            return [row[0] for row in cursor.fetchall()]

    def _plan(self, extracts: Path, folder: Path) -> Path:
        self.say("files laid where the server may read them, sheets written as CSV, UTF-16 as UTF-8")
        tasks = copy_limit.prepare(extracts, self.period, folder, database_url(self._server, "postgres"))
        plan = self.work / "copy.json"
        plan.write_text(json.dumps(tasks), encoding="utf-8")
        self.measured["bytes_for_copy"] = sum(task["bytes"] for task in tasks)
        return plan

    # -- what is said ------------------------------------------------------------------------------------------

    def medians(self) -> dict[str, dict[str, Any]]:
        """Medians and ratios of what was measured. PostgreSQL's memory stands apart from the processes' own."""
        medians: dict[str, dict[str, Any]] = {}
        for name in (n for n in NAMES if n in self.results):
            seconds = [self._scaled(m) if name in PEERS else m.seconds for m in self.results[name]]
            medians[name] = {
                "seconds": statistics.median(seconds),
                "fastest": min(seconds),
                "slowest": max(seconds),
                "cpu_seconds": statistics.median(m.cpu_seconds for m in self.results[name]),
                "peak_mib": statistics.median(m.peak_mib for m in self.results[name]),
                "server_peak_mib": statistics.median(m.server_mib for m in self.results[name]),
            }
        for row in medians.values():
            for ratio, other in (("to_copy", "copy_limit"), ("to_build", "auyl_build")):
                row[ratio] = row["seconds"] / medians[other]["seconds"] if other in medians else None
        return medians

    def report(self, medians: dict[str, dict[str, Any]], verdicts: Sequence[Verdict]) -> dict[str, Any]:
        """Medians, ratios and limits, with what must be known to read them."""
        return {
            "people": self.people,
            "period": self.period,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
            **self.measured,
            "medians": medians,
            "limits": [asdict(v) for v in verdicts],
            "runs": {name: [asdict(m) for m in found] for name, found in self.results.items()},
            "outside_of_the_clock": [
                "making the extracts, linking those that are measured into a folder, reading them once into the page "
                "cache",
                "PostgreSQL's start, an empty database, migrations, loading the territory",
                "for COPY: files where the server may read them; the sheets of workbooks written as CSV, since COPY "
                "cannot read a workbook, so the limit has the text of the cells to read and not the archive; UTF-16, "
                "which PostgreSQL does not have, written as UTF-8",
            ],
            "memory": "peak_mib: the process alone; server_peak_mib: PostgreSQL, private memory of all its processes "
            "and the shared memory once, looked at five times a second",
        }

    @staticmethod
    def _scaled(measured: Measured) -> float:
        parts = measured.said.get("parts", {})
        fixed = sum(parts.get(name, 0.0) for name in PANDAS_FIXED)
        return fixed + PANDAS_SHARE * (measured.seconds - fixed)


def core_report(bench: Bench) -> dict[str, Any]:
    """The report with the limits of the core registries."""
    medians = bench.medians()
    ours = medians.get("auyl_build")
    to_pandas = medians["pandas_way"]["to_build"] if "pandas_way" in medians else None
    peak = ours["peak_mib"] if ours else None
    verdicts = [
        to_copy_limit(medians),
        Verdict(
            f"at least {MIN_TO_PANDAS:g} times faster than pandas", to_pandas, _kept(to_pandas, least=MIN_TO_PANDAS)
        ),
        Verdict(f"peak memory under {MAX_PEAK_MIB:,.0f} MiB", peak, _kept(peak, most=MAX_PEAK_MIB)),
    ]
    pandas = {
        "people": bench.people // PANDAS_SHARE,
        "scaled": f"parts {', '.join(PANDAS_FIXED)} once, all others times {PANDAS_SHARE}",
        "share_of_values_as_auyl_build": bench.agreement,
        "values_apart_by_theme": bench.apart,
    }
    return bench.report(medians, verdicts) | {"pandas": pandas}


def to_copy_limit(medians: dict[str, dict[str, Any]]) -> Verdict:
    """How many times the COPY limit `auyl build` takes."""
    to_copy = medians["auyl_build"]["to_copy"] if "auyl_build" in medians else None
    return Verdict(
        f"auyl build at most {MAX_TO_COPY:g} times the COPY limit", to_copy, _kept(to_copy, most=MAX_TO_COPY)
    )


def _kept(value: float | None, most: float | None = None, least: float | None = None) -> bool | None:
    if value is None:
        return None
    return (most is None or value <= most) and (least is None or value >= least)


def _near(ours: float | None, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return ours is None and (theirs is None or theirs == 0)
    return abs(ours - theirs) <= max(0.02 * abs(ours), 0.11)


def _snapshot(dsn: str, table: str) -> dict[tuple[str, str], float | None]:
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"select kato, indicator_id, value from {table}")
        return {(k, i): None if v is None or v != v else float(v) for k, i, v in cursor.fetchall()}


TITLES = {
    "copy_limit": "server's COPY, unlogged text (the limit)",
    "copy_two_sessions": "the same by two sessions at once",
    "auyl_build": "`auyl build`",
    "pandas_way": "pandas and `to_sql`, scaled from a tenth",
    "pandas_copy": "the same, `to_sql` by COPY, not judged",
    "pandas_parquet": "the same, Parquet where build has it, not judged",
    "pandas_lean": "pandas that does less, not judged",
}


def table(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    lines = [
        f"{report['people']:,} people, {_amount(report)}, medians of "
        f"{max(len(r) for r in report['runs'].values())} whole processes (fastest–slowest), "
        f"{report['machine']['cpus']} CPUs",
        "",
        "| | s | fastest–slowest | times COPY | times `auyl build` | own CPU s | peak MiB | PostgreSQL's peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]

    def ratio(value: float | None) -> str:
        return "" if value is None else f"{value:.2f}"

    for name, row in report["medians"].items():
        cpu = "" if name in PEERS else f"{row['cpu_seconds']:.1f}"
        lines.append(
            f"| {TITLES[name]} | {row['seconds']:.1f} | {row['fastest']:.1f}–{row['slowest']:.1f} | "
            f"{ratio(row['to_copy'])} | {ratio(row['to_build'])} | {cpu} | {row['peak_mib']:,.0f} | "
            f"{row['server_peak_mib']:,.0f} |"
        )
    lines += ["", "| limit | measured | |", "|---|---:|---|"]
    words = {True: "kept", False: "MISSED", None: "not measured"}
    lines += [f"| {v['limit']} | {ratio(v['measured'])} | {words[v['kept']]} |" for v in report["limits"]]
    for name, agreement in report.get("pandas", {}).get("share_of_values_as_auyl_build", {}).items():
        apart = ", ".join(f"{theme} {n}" for theme, n in report["pandas"]["values_apart_by_theme"][name].items())
        told = f" Others, by theme: {apart}." if apart else ""
        lines += ["", f"{name} finds {agreement:.1%} of the values that `auyl build` finds, within 2%.{told}"]
    if set(PEERS) & set(report["medians"]):
        lines += ["", f"Seconds of pandas: {report['pandas']['scaled']}; its peak is that of a tenth of the people."]
    lines += ["", "Outside of the clock: " + "; ".join(report["outside_of_the_clock"]) + "."]
    return "\n".join(lines)


def _amount(report: dict[str, Any]) -> str:
    copied = report.get("bytes_for_copy")
    as_copy = "" if copied is None else f" ({copied / 1e6:,.1f} MB as COPY reads them)"
    return f"{len(report['registries'])} registries, {report['bytes'] / 1e6:,.1f} MB of extracts{as_copy}"


def main() -> None:
    """Measure, print, and end with 1 when a limit is missed."""
    given, only = asked(argparse.ArgumentParser(prog="python -m bench.core_registries", description=__doc__), NAMES)
    bench = measure(given, only, CORE_REGISTRIES)
    sys.exit(conclude("core_registries", core_report(bench), table, given))


def asked(parser: argparse.ArgumentParser, names: Sequence[str]) -> tuple[argparse.Namespace, set[str]]:
    """The command line of a question that measures some of `names`, and which of them."""
    parser.add_argument("--people", type=int, default=1_600_000)
    parser.add_argument("--only", default=",".join(names), help=f"some of {','.join(names)}")
    common_options(parser)
    given = parser.parse_args()
    only = {name.strip() for name in given.only.split(",")}
    if unknown := only - set(names):
        parser.error(f"--only: {', '.join(sorted(unknown))} is none of {', '.join(names)}")
    return given, only


def common_options(parser: argparse.ArgumentParser) -> None:
    """What every question takes."""
    parser.add_argument("--period", default="2026-10")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder for extracts, lake and server; <AUYL_HOME>/bench by default")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "bench" / "results", help="folder for the JSON")
    parser.add_argument("--json", action="store_true", help="print JSON only")


def measure(given: argparse.Namespace, only: Collection[str], registries: Collection[str] | None) -> Bench:
    """All rounds of what was asked for. Ends the process with 2 when something measured failed."""
    try:
        with alone(given.work) as work:
            bench = Bench(given.people, given.period, work, tell)
            bench.rounds(given.runs, only, registries)
    except ChildFailed as error:
        tell(str(error))
        sys.exit(2)
    return bench


def tell(text: str) -> None:
    """Progress, beside the report on standard output."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def alone(given: Path | None) -> Iterator[Path]:
    """The work folder, `<AUYL_HOME>/bench` by default, held against other benches. Raises ChildFailed."""
    work = given or Path(os.environ.get("AUYL_HOME") or REPOSITORY / ".auyl") / "bench"
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChildFailed(f"another bench works in {work}") from None
        yield work.absolute()


def conclude(
    name: str, report: dict[str, Any], as_table: Callable[[dict[str, Any]], str], given: argparse.Namespace
) -> int:
    """Keep the report in the folder for results, print it; 1 when a limit is missed, else 0."""
    given.results.mkdir(parents=True, exist_ok=True)
    file = given.results.resolve() / f"{name}_{report['people']}_{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    text = json.dumps(report, ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    where = file.relative_to(REPOSITORY) if file.is_relative_to(REPOSITORY) else file
    print(text if given.json else f"{as_table(report)}\n\n{where}")
    return int(any(verdict["kept"] is False for verdict in report["limits"]))


if __name__ == "__main__":
    main()
