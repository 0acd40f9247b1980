"""The whole pipeline on one machine: extracts of a synthetic oblast through Airflow to a snapshot that an akim reads.

`run` is what `make demo` and `make up` call. It stops everything that it starts, however it ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_hex

from auyl.errors import AuylError, is_interrupt
from auyl.periods import month_before
from auyl.settings import REPOSITORY, Settings, from_environment, write_of_home
from auyl.store import paths
from auyl.store.closed import closed_folder
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.processes import remembered_port
from auyl.store.roles import make_database
from auyl.store.schema import check_text_rules, database_url, ensure_database, migrate
from auyl.store.watchdog import PR_SET_PDEATHSIG
from lab.simulated_sources.connections import SimulatedSources
from lab.simulated_sources.drop import mark
from lab.stack import report
from lab.stack.airflow import USER, AirflowFailed, AirflowStack, RunState, secret
from lab.stack.plan import DemoPlan
from lab.stack.supervisor import Stopped, Supervisor, signals_stop

LONGEST_RUN_S = 3600.0
EVENT_S = 30.0  # asset events have been lost by Airflow; the ledger makes a second start harmless
SAY_EVERY_S = 15.0
SETTLE_S = 60.0


def run(plan: DemoPlan) -> int:
    """Run the demo; returns the exit code: 0, 1 after a failed step, 130 when it was stopped."""
    say = Progress()
    if "MAKELEVEL" in os.environ:
        # make does not pass a SIGKILL on to its children
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        with signals_stop(), _alone(from_environment().home):
            _run(plan, say)
    except (AuylError, OSError) as error:
        say(f"FAILED: {error}")
        return 1
    except (KeyboardInterrupt, RuntimeError) as stop:
        if not is_interrupt(stop):
            raise
        say(
            f"stopped by {stop.args[0] if isinstance(stop, Stopped) and stop.args else 'Ctrl-C'}; nothing runs any more"
        )
        return 0 if plan.stay and say.is_up else 130
    say("done; everything that was started is stopped")
    return 0


class Progress:
    """Lines with the time since the start."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self._last = self.begun
        self.is_up = False

    def __call__(self, text: str) -> None:
        self._last = time.monotonic()
        print(f"[{self._last - self.begun:6.1f} s] {text}", flush=True)

    def now_and_then(self, text: str) -> None:
        """Print it only when nothing was printed for a while."""
        if time.monotonic() - self._last >= SAY_EVERY_S:
            self(text)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    closed_folder(home, "AUYL_HOME")
    with (home / "demo.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AuylError(f"another `make demo` or `make up` works in {home}") from None
        yield


@dataclass(frozen=True)
class Installation:
    """A running installation: Airflow knows the DAGs, the sources answer, nothing was triggered yet."""

    plan: DemoPlan
    settings: Settings
    extracts: Path
    airflow: AirflowStack
    supervisor: Supervisor
    dispatch_dsn: str


@contextlib.contextmanager
def ready(
    plan: DemoPlan, say: Progress, extracts: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Bring everything up below AUYL_HOME to the point where a DAG may be triggered; at the end stop it all.

    `extracts` is made only when it does not exist; `env` is added to the environment of Airflow.
    The settings of this process become those of the installation.
    """
    home = from_environment().home.absolute()
    with contextlib.ExitStack() as stack:
        say(f"period {plan.period}, {plan.people:,} people, state and logs in {home}")
        dsn, pipeline_dsn, airflow_dsn, dispatch_dsn = _databases(stack, home, say)
        supervisor = stack.enter_context(Supervisor(home / "logs"))
        environment = _environment(home, dsn)
        os.environ.update(environment)  # the library in this process reads the same settings
        settings = from_environment()

        extracts = extracts or home / "extracts" / (f"{plan.people}-real" if plan.kato else str(plan.people))
        sources = SimulatedSources(settings, plan.registries, extracts, dispatch_dsn)
        airflow = AirflowStack(
            home, airflow_dsn, supervisor,
            connections=sources.connections(),
            env={**environment, "AUYL_DSN": pipeline_dsn, **(env or {})},
            parallelism=max(2, min(4, os.cpu_count() or 2)),
        )  # fmt: skip
        stack.callback(airflow.close)
        migration = airflow.migrate()
        synthesis = supervisor.start("synthetic", _synthesis(plan, extracts), env=bare_environment(), may_end=True)

        migrate(settings)
        say("schema of the serving database is there")
        if migration is not None:
            supervisor.finish(migration)
            airflow.migrated()
            say("database of Airflow is there")
        airflow.start()
        supervisor.finish(synthesis, lambda: say.now_and_then("making the extracts"))
        mark(settings, plan.registries, extracts, plan.period)
        say(f"extracts are in {extracts / plan.period}")
        say(_territory(plan, settings, extracts))
        say(f"dispatch database has {_dispatch(dispatch_dsn, extracts, plan.period):,} calls of the month")
        for server in sources.servers():
            process = supervisor.start(server.name, server.command, env=bare_environment())
            supervisor.wait_until(partial(_listens, server.port), process, 60)
        airflow.wait_ready({"consolidate", *(f"intake_{registry}" for registry in plan.registries)})
        say(f"Airflow and the simulated sources are ready ({airflow.url})")
        yield Installation(plan, settings, extracts, airflow, supervisor, dispatch_dsn)


def _run(plan: DemoPlan, say: Progress) -> None:
    with ready(plan, say) as up:
        dsn, home = up.settings.dsn, up.settings.home
        if plan.stay:
            _month_before(up, say)
        previous = report.current_revision(dsn, plan.period)
        through_airflow(plan, up.airflow, say)
        revision = report.current_revision(dsn, plan.period)
        if revision is None:
            raise AuylError(f"nothing was published for {plan.period}; logs: {up.supervisor.logs}")
        news = "nothing new: stays" if revision == previous else "published:"
        say(f"{news} snapshot {plan.period}, revision {revision}")
        report.ledger_table(up.settings, plan.period, print)
        readers = report.Readers(home / "secrets" / "logins.json", dsn, plan.period)
        readers.open()
        report.snapshot_table(readers, plan.period, print)
        if plan.stay:
            _stay(up.supervisor, up.airflow, readers, home, say)
        _settle(up.airflow, say)
        say("stopping")
        stopped = up.airflow.stop()
        say("Airflow stopped: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stopped.items()))


# -- the parts ---------------------------------------------------------------------------------------------------


def _databases(stack: contextlib.ExitStack, home: Path, say: Progress) -> tuple[str, str, str, str]:
    """Addresses of the serving database for its owner and for the pipeline, of Airflow's database, and of the simulated
    dispatch. On the embedded server each has a login of its own.
    """
    given = from_environment().dsn_or_none
    server = EmbeddedPostgres(home)
    dsn = given or stack.enter_context(server)
    if given:
        check_text_rules(given)
    addresses = []
    for variable, name in (("AUYL_AIRFLOW_DSN", "airflow"), ("AUYL_DISPATCH_DSN", "dispatch")):
        other = os.environ.get(variable)
        if other is None and not given:
            password = secret(home / "secrets" / f"{name}-database-password", token_hex(24))
            other = make_database(server.superuser_dsn, name, name, password, replaces_superusers=True)
        elif other is None:
            try:
                other = ensure_database(dsn, f"auyl_{name}")
            except Exception as error:
                where = database_url(dsn, f"auyl_{name}").rpartition("@")[2]
                raise AuylError(f"no database {where} ({type(error).__name__}); create it or give {variable}") from None
        addresses.append(other)
    say("PostgreSQL is ready" + (" (AUYL_DSN)" if given else f" (embedded, {dsn.rpartition('@')[2]})"))
    return dsn, given or server.pipeline_dsn, addresses[0], addresses[1]


def bare_environment() -> dict[str, str]:
    """What a program needs that has nothing to do with our secrets: no address, no key, no setting of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR") if name in os.environ}
    return kept | {"PYTHONPATH": str(REPOSITORY)}


def _environment(home: Path, dsn: str) -> dict[str, str]:
    settings = from_environment()
    secret(settings.hash_key_file, token_hex(32))
    own = {
        "AUYL_LAKE": settings.lake if "://" in settings.lake else str(Path(settings.lake).absolute()),
        "AUYL_HASH_KEY_FILE": str(settings.hash_key_file.absolute()),
        "AUYL_OBLAST": settings.oblast_kato,
    }
    # The command line works on this installation afterwards, without any setting. The embedded server's address is left
    # out: its port may change.
    write_of_home(home, own | ({"AUYL_DSN": settings.dsn} if settings.dsn_or_none else {}))
    return own | {
        "AUYL_DSN": dsn,
        "AUYL_HOME": str(home),
        "AUYL_SCHEDULE": "off",  # the simulated sources have one month, not the one that is due next
        "GX_ANALYTICS_ENABLED": "false",
    }


def _synthesis(plan: DemoPlan, extracts: Path) -> list[str]:
    options = [str(extracts), "--period", plan.period, "--people", str(plan.people)]
    if plan.kato is not None:
        options += ["--kato", str(plan.kato.absolute())]
    return [sys.executable, "-m", "lab", "synth", *options]


def _month_before(up: Installation, say: Progress) -> None:
    """Load and publish the month before in this process, so that readers can see what changed since."""
    from auyl.pipeline import take_in
    from auyl.snapshot import build

    earlier = replace(up.plan, period=month_before(up.plan.period, 1))
    extracts = up.extracts.with_name(f"{up.extracts.name}-before")
    up.supervisor.run("synthetic-before", _synthesis(earlier, extracts), env=bare_environment())
    accepted = [b for b in take_in(up.settings, earlier.period, extracts, earlier.registries) if b.accepted]
    built = build(earlier.period, up.settings, allow_missing=True)
    say(f"the month before, {earlier.period}: {len(accepted)} extracts, snapshot {built.status}, {built.rows} values")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _territory(plan: DemoPlan, settings: Settings, extracts: Path) -> str:
    from auyl.store import duck
    from auyl.store.binding import lake_of
    from auyl.territory import editions as territory

    reference = extracts / "reference"
    lake = lake_of(settings)
    with contextlib.closing(duck.connect(settings, lake)) as con:
        done = territory.load(
            plan.kato or reference / "kato.csv",
            lake.address(paths.territory_root()),
            con,
            crosswalk_file=reference / "crosswalk.csv",
            address_file=reference / "address.csv",
            include=settings.include,
        )
    return f"territory {done.edition}: {done.rural_akimats} rural akimats, {done.addresses:,} addresses"


def _dispatch(dsn: str, extracts: Path, period: str) -> int:
    from lab.simulated_sources.dispatch import load_dispatch

    return load_dispatch(dsn, extracts, period)


def through_airflow(plan: DemoPlan, airflow: AirflowStack, say: Progress) -> None:
    """Trigger the intake DAGs, and wait until the snapshot DAG, started by their assets, has seen them all."""
    runs = {registry: airflow.trigger(f"intake_{registry}", plan.period) for registry in plan.registries}
    say(f"triggered the intake of {len(runs)} registries: {', '.join(runs)}")
    deadline = time.monotonic() + LONGEST_RUN_S
    open_runs = dict(runs)
    while open_runs:
        unfinished = airflow.unfinished()
        for registry, run in list(open_runs.items()):
            if run.run_id in unfinished.get(run.dag_id, ()):
                continue
            now = airflow.refresh(run)
            if now.done:
                del open_runs[registry]
                runs[registry] = now
                say(f"{now.dag_id}: {now.state}")
                if now.state == "failed":
                    raise AirflowFailed(airflow.failure(now))
        _pause(airflow, deadline, lambda: say.now_and_then("at work: " + ", ".join(sorted(open_runs))))
    last = max(run.ended_at or "" for run in runs.values())
    consolidated = _wait_for_consolidate(plan, airflow, say, last, deadline)
    if consolidated.state == "failed":
        raise AirflowFailed(airflow.failure(consolidated))


def _wait_for_consolidate(
    plan: DemoPlan, airflow: AirflowStack, say: Progress, after: str, deadline: float
) -> RunState:
    """The first ended run of `consolidate` that began after the last batch was accepted."""
    started = time.monotonic()
    by_hand = False
    while True:
        found = [
            run for run in airflow.runs("consolidate", plan.period) if not run.done or (run.started_at or "") > after
        ]
        for run in found:
            if run.done:
                return run
        if not found and not by_hand and time.monotonic() - started > EVENT_S:
            by_hand = True
            say("no asset event reached consolidate; starting it by hand")
            airflow.trigger("consolidate", plan.period)
        _pause(airflow, deadline, lambda: say.now_and_then("consolidating"))


def _settle(airflow: AirflowStack, say: Progress) -> None:
    """Let the DAGs end that follow the snapshot: a task that is cut short would be retried at the next start."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline and (unfinished := airflow.unfinished()):
        airflow.supervisor.check()
        say.now_and_then(f"still at work: {', '.join(sorted(unfinished))}")
        time.sleep(0.3)


def _pause(airflow: AirflowStack, deadline: float, report_progress: Callable[[], None]) -> None:
    airflow.supervisor.check()
    if time.monotonic() > deadline:
        raise AirflowFailed(f"not done after {LONGEST_RUN_S:.0f} s; logs: {airflow.home / 'logs'}")
    report_progress()
    time.sleep(0.3)


def _stay(supervisor: Supervisor, airflow: AirflowStack, readers: report.Readers, home: Path, say: Progress) -> None:
    port = remembered_port(home / "portal" / "port")
    dsn_file = home / "secrets" / "portal.dsn"
    readers.write_portal_dsn(dsn_file)
    portal = supervisor.start(
        "portal",
        [sys.executable, "-m", "auyl.portal", "--dsn-file", str(dsn_file), "--port", str(port)],
        env=bare_environment() | {"AUYL_HOME": str(home)},
    )
    supervisor.wait_until(lambda: _listens(port), portal, 60)
    report.addresses(
        readers,
        {"okrug pages": f"http://127.0.0.1:{port}/", "Airflow": f"{airflow.url}/"},
        {"Airflow": (USER, airflow.password)},
        print,
    )
    say.is_up = True
    say("up; Ctrl-C stops everything")
    while True:
        supervisor.check()
        time.sleep(1)
