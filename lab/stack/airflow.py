"""Airflow on one machine: api-server, scheduler with LocalExecutor, dag-processor, each a process of its own.

Everything is set by environment; `airflow standalone` is not used because SIGTERM leaves its children running.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from auyl.errors import AuylError
from auyl.settings import REPOSITORY
from auyl.store.processes import free_port, remembered_port
from lab.stack.supervisor import Child, Supervisor

USER = "engineer"
READY_S = 180.0
# Imported once, in the process from which the workers are forked, instead of in every task.
PRELOADED = (
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.executors.local_executor",
    "airflow.providers.standard.decorators.python",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "duckdb",
    "great_expectations",
    "great_expectations.expectations.core",
    "pandas",
    "pyarrow.parquet",
)


class AirflowFailed(AuylError):
    """Airflow answered with an error, or a run failed."""


def secret(file: Path, make: str) -> str:
    """The secret in `file`, generated once; readable by nobody else."""
    with contextlib.suppress(FileNotFoundError):
        return file.read_text(encoding="ascii").strip()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(make + "\n")
    try:
        os.link(part, file)  # the first of two processes wins
    except FileExistsError:
        return secret(file, make)
    finally:
        part.unlink()
    return make


@dataclass
class RunState:
    """A DAG run as the API returns it."""

    dag_id: str
    run_id: str
    state: str
    partition_key: str | None
    started_at: str | None
    ended_at: str | None

    @property
    def done(self) -> bool:
        """Has it ended?"""
        return self.state in ("success", "failed")


class AirflowStack:
    """Airflow for the runtime folder `home`, with its own database `dsn`.

    `connections` are AIRFLOW_CONN_<ID> values by id; `env` is added to the environment of every component and task.
    """

    def __init__(
        self,
        home: Path,
        dsn: str,
        supervisor: Supervisor,
        *,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        env: Mapping[str, str] | None = None,
        parallelism: int = 2,
    ) -> None:
        self.home = home
        self.dsn = dsn
        self.supervisor = supervisor
        self.port = remembered_port(home / "airflow" / "port")
        self.url = f"http://127.0.0.1:{self.port}"
        self._secrets = home / "secrets"
        self._mark = home / "airflow" / "migrated"
        self._version = f"{version('apache-airflow-core')} {urlsplit(dsn).path}"
        self._connections = dict(connections or {})
        self._env = dict(env or {})
        self._parallelism = parallelism
        self._components: dict[str, Child] = {}
        self._client: httpx.Client | None = None

    @property
    def password(self) -> str:
        """Password of USER on the pages of Airflow."""
        return secret(self._secrets / "airflow-password", secrets.token_urlsafe(18))

    def environment(self) -> dict[str, str]:
        """The environment of every component."""
        passwords = self._secrets / "airflow-passwords.json"
        if not passwords.exists():
            secret(passwords, json.dumps({USER: self.password}))
        parts = urlsplit(self.dsn)
        settings = {
            "core__executor": "LocalExecutor",
            "core__parallelism": str(self._parallelism),
            "core__dags_folder": str(REPOSITORY / "dags"),
            "core__plugins_folder": str(REPOSITORY / "plugins"),
            "core__load_examples": "False",
            "core__dags_are_paused_at_creation": "False",
            "core__fernet_key": secret(
                self._secrets / "airflow-fernet.key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            ),
            "core__auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "core__simple_auth_manager_users": f"{USER}:admin",
            "core__simple_auth_manager_passwords_file": str(passwords),
            "core__execution_api_server_url": f"{self.url}/execution/",
            "core__mp_start_method": "forkserver",
            "core__mp_forkserver_preload": ",".join(PRELOADED),
            "core__min_serialized_dag_update_interval": "5",
            "core__test_connection": "Disabled",
            "core__default_task_retry_delay": "60",
            "database__sql_alchemy_conn": urlunsplit(parts._replace(scheme="postgresql+psycopg2")),
            "database__sql_alchemy_conn_async": urlunsplit(parts._replace(scheme="postgresql+asyncpg")),
            "api__host": "127.0.0.1",
            "api__port": str(self.port),
            "api__base_url": self.url,
            "api__workers": "1",
            "api__secret_key": secret(self._secrets / "airflow-session.key", secrets.token_urlsafe(48)),
            "api__expose_config": "False",
            "api_auth__jwt_secret": secret(self._secrets / "airflow-jwt.key", secrets.token_urlsafe(64)),
            "logging__base_log_folder": str(self.home / "airflow" / "logs"),
            "logging__dag_processor_child_process_log_directory": str(self.home / "airflow" / "logs" / "dag_processor"),
            "logging__worker_log_server_port": str(free_port()),
            "logging__colored_console_log": "False",
            "scheduler__scheduler_idle_sleep_time": "0.1",
            "scheduler__job_heartbeat_sec": "1",
            # A scheduler whose heartbeat is older than this is declared dead (even by itself), and its tasks are
            # restarted; gigabytes of landing on the same disk can delay a heartbeat by a minute.
            "scheduler__scheduler_health_check_threshold": "120",
            "scheduler__orphaned_tasks_check_interval": "30",
            "scheduler__task_instance_heartbeat_timeout": "120",
            "workers__min_heartbeat_interval": "1",
            "dag_processor__parsing_processes": "1",
            "dag_processor__min_file_process_interval": "60",
        }
        env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW__")}
        env |= {"AIRFLOW__" + name.upper(): value for name, value in settings.items()}
        env |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in self._connections.items()}
        env["AIRFLOW_HOME"] = str(self.home / "airflow")
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(REPOSITORY), env.get("PYTHONPATH", "")]))
        return env | self._env

    # -- life ----------------------------------------------------------------------------------------------------

    def migrate(self) -> Child | None:
        """Start migrating Airflow's own database; None when it already has this version.

        Call `migrated` when the program has finished.
        """
        if self._mark.exists() and self._mark.read_text() == self._version and self._has_tables():
            return None
        return self.supervisor.start(
            "airflow-migrate", self._command("db", "migrate"), env=self.environment(), may_end=True
        )

    def migrated(self) -> None:
        """Note that the migration is done."""
        self._mark.write_text(self._version)

    def start(self) -> None:
        """Start the components; does not wait until they are ready."""
        env = self.environment()
        commands = {
            "api-server": self._command("api-server", "--port", str(self.port)),
            "scheduler": self._command("scheduler", "--skip-serve-logs"),
            "dag-processor": self._command("dag-processor"),
        }
        for name, command in commands.items():
            self._components[name] = self.supervisor.start(f"airflow-{name}", command, env=env, stop_s=30)

    def wait_ready(self, dag_ids: set[str]) -> None:
        """Wait until the API answers, the scheduler sends heartbeats and all of `dag_ids` are known.

        Raises ProcessFailed when a component ends or the time is over, AirflowFailed for a DAG file with errors.
        """
        child = self._components["api-server"]
        client = httpx.Client(base_url=self.url, timeout=60)  # creating a client costs more than a request

        def healthy() -> bool:
            with contextlib.suppress(httpx.TransportError):
                health = client.get("/api/v2/monitor/health", timeout=10)
                return health.status_code == 200 and all(
                    health.json()[part]["status"] == "healthy"
                    for part in ("metadatabase", "scheduler", "dag_processor")
                )
            return False

        def has_dags() -> bool:
            if errors := self.get("importErrors")["import_errors"]:
                raise AirflowFailed("DAG file with errors: " + errors[0]["filename"] + "\n" + errors[0]["stack_trace"])
            loaded = {dag["dag_id"] for dag in self.get("dags", limit=100)["dags"]}
            return dag_ids <= loaded

        with client:
            self.supervisor.wait_until(healthy, child, READY_S)
            client.get("/execution/health")  # its first answer takes 5 s; the first task should not wait for it
        self.supervisor.wait_until(has_dags, self._components["dag-processor"], READY_S, every_s=0.3)

    def stop(self) -> dict[str, float]:
        """Stop the components; returns the seconds that each took."""
        self.close()
        seconds = {}
        if child := self._components.pop("scheduler", None):  # running tasks still need the api-server
            seconds["scheduler"] = self.supervisor.stop(child)
        for child in self._components.values():
            self.supervisor.ask_to_stop(child)
        for name, child in self._components.items():
            seconds[name] = self.supervisor.stop(child)
        self._components.clear()
        return seconds

    def close(self) -> None:
        """Close the connection to the API; the next request opens another."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "airflow", *arguments]

    def _has_tables(self) -> bool:
        import psycopg2

        with contextlib.closing(psycopg2.connect(self.dsn)) as conn, conn.cursor() as cur:
            cur.execute("select to_regclass('alembic_version') is not null")
            return bool((cur.fetchone() or (False,))[0])

    # -- the API -------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Any:
        """GET of the public API, as JSON."""
        return self._request("GET", path, params=query)

    def post(self, path: str, **body: Any) -> Any:
        """POST to the public API, as JSON."""
        return self._request("POST", path, json=body)

    def trigger(self, dag_id: str, period: str | None) -> RunState:
        """Start a run, with the period as partition key if the DAG has partitions."""
        partition = {"partition_key": period} if period else {}
        return _run(self.post(f"dags/{dag_id}/dagRuns", logical_date=None, **partition))

    def set_paused(self, dag_id: str, is_paused: bool) -> None:
        """Pause a DAG, or let it run again."""
        self._request("PATCH", f"dags/{dag_id}", json={"is_paused": is_paused})

    def runs(self, dag_id: str, period: str) -> list[RunState]:
        """Runs of a DAG for a period, oldest first."""
        found = self.get(f"dags/{dag_id}/dagRuns", limit=100, order_by="id")["dag_runs"]
        return [_run(run) for run in found if run["partition_key"] == period]

    def unfinished(self) -> dict[str, set[str]]:
        """Ids of the runs that have not ended, by DAG; the hundred oldest."""
        found: dict[str, set[str]] = {}
        for run in self.get("dags/~/dagRuns", state=["queued", "running"], limit=100, order_by="id")["dag_runs"]:
            found.setdefault(run["dag_id"], set()).add(run["dag_run_id"])
        return found

    def refresh(self, run: RunState) -> RunState:
        """The run as it is now."""
        return _run(self.get(f"dags/{run.dag_id}/dagRuns/{run.run_id}"))

    def task_states(self, run: RunState) -> dict[str, str]:
        """State of each task of a run."""
        found = self.get(f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def failure(self, run: RunState) -> str:
        """Exception of the first failed task of a run, and where its log is."""
        for task in self.get(f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")["task_instances"]:
            if task["state"] != "failed":
                continue
            folder = self.log_folder(run) / f"task_id={task['task_id']}"
            log = max(folder.glob("attempt=*.log"), key=os.path.getmtime, default=folder)
            error = ""
            with contextlib.suppress(OSError):
                for line in log.read_text(encoding="utf-8").splitlines():
                    with contextlib.suppress(ValueError):
                        details = json.loads(line).get("error_detail") or []
                        error = f": {details[0]['exc_type']}: {details[0]['exc_value']}" if details else error
            return f"{run.dag_id}, task {task['task_id']}{error}; log: {log}"
        return f"{run.dag_id} {run.state}; logs: {self.log_folder(run)}"

    def log_folder(self, run: RunState) -> Path:
        """Where the logs of a run's tasks lie."""
        return self.home / "airflow" / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}"

    def _request(self, method: str, path: str, **options: Any) -> Any:
        if self._client is None:
            answer = httpx.post(
                f"{self.url}/auth/token", json={"username": USER, "password": self.password}, timeout=30
            )
            if answer.status_code >= 400:
                raise AirflowFailed(f"sign-in at Airflow: expected a token, found status {answer.status_code}")
            token = answer.json()["access_token"]
            self._client = httpx.Client(
                base_url=f"{self.url}/api/v2/", headers={"Authorization": f"Bearer {token}"}, timeout=30
            )
        answer = self._client.request(method, path, **options)
        if answer.status_code >= 400:
            raise AirflowFailed(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()


def _run(answer: dict[str, Any]) -> RunState:
    return RunState(
        answer["dag_id"],
        answer["dag_run_id"],
        answer["state"],
        answer["partition_key"],
        answer["start_date"],
        answer["end_date"],
    )
