"""The demo's stack on a small oblast, for tests that need the real scheduler."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator

import psycopg2
import pytest

from auyl.store import paths
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.lake import Lake
from lab import CORE_REGISTRIES
from lab.stack import demo
from lab.stack.plan import DemoPlan
from tests.conftest import empty_tables
from tests.reports.hook import Hook, hook

SCALE = 80  # 20,000 people
MONTHS = ("2026-09", "2026-10")
TOKEN = "123:token-of-the-bot"
# DAGs that each snapshot starts
FOLLOWERS = ("quality", "reconcile")
# settings that an operator has too: a killed task is missed and tried again within seconds, and a scheduler that has
# nothing to do leaves the processor to the tests beside it
SETTINGS = {
    "AUYL_SCHEDULE": "on",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def telegram() -> Iterator[Hook]:
    """Whoever is sent alarms by the webhook."""
    with hook() as running:
        yield running


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, telegram: Hook) -> Iterator[demo.Installation]:
    """Airflow, PostgreSQL and the sources, all real; the sources know one month, and nothing was taken in yet."""
    home = tmp_path_factory.mktemp("stack") / "home"
    before = dict(os.environ)
    for name in [name for name in before if name.startswith(("AUYL_", "AIRFLOW"))]:
        del os.environ[name]
    os.environ["AUYL_HOME"] = str(home)
    try:
        connection = {
            "conn_type": "http", "host": "127.0.0.1", "port": telegram.port, "schema": "http", "password": TOKEN,
            "extra": {"path": "/bot{token}/sendMessage", "chat_id": "-100123"},
        }  # fmt: skip
        env = SETTINGS | {"AIRFLOW_CONN_AUYL_ALARM_WEBHOOK": json.dumps(connection)}
        with demo.ready(DemoPlan(MONTHS[0], SCALE, registries=CORE_REGISTRIES), demo.Progress(), env=env) as ready:
            for dag_id in FOLLOWERS:  # they would read what a test empties
                ready.airflow.set_paused(dag_id, True)
            yield ready
    finally:
        os.environ.clear()
        os.environ.update(before)
        EmbeddedPostgres(home).destroy()


def ask(up: demo.Installation, statement: str) -> list[tuple]:
    """Rows of the serving database."""
    with contextlib.closing(psycopg2.connect(up.settings.dsn)) as conn, conn.cursor() as cur:
        cur.execute(statement)
        return cur.fetchall()


def forget(up: demo.Installation) -> None:
    """As if nothing had ever come."""
    empty_tables(up.settings.dsn)
    for folder in ("landing", "raw", "stage", "quarantine", "linkage", "core"):
        Lake(up.settings.lake).remove(folder)
    Lake(up.settings.lake).remove_file(paths.MARK)


def wait_for(found: Callable[[], bool], seconds: float = 300, every_s: float = 0.005) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(every_s)
