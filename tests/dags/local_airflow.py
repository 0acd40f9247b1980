"""DAGs executed by `dag.test()` in a process of its own, on a fresh Airflow database in SQLite.

The process stays for all runs of a module: the first DAG that it runs takes some 20 s longer than the next.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from auyl.settings import Settings

REPOSITORY = Path(__file__).parents[2]
LONGEST_S = 240
PROGRAM = """
import json, sys
from datetime import datetime
from sqlalchemy import select
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models import DagRun
from airflow.models.xcom import XComModel
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
from auyl.reports import alarms
alarms.QUIET_S = 0.2  # seconds to wait for other alarms; tasks run in this process
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
DagBundlesManager().sync_bundles_to_db()
sync_bag_to_db(bag, "dags-folder", None)
def execute(step):
    when = {"logical_date": datetime.fromisoformat(step["logical_date"])} if step["logical_date"] else {}
    dag = bag.get_dag(step["dag_id"])
    dag.deadline = None  # `dag.test()` of Airflow 3.3 looks each of them up by its definition, and fails
    run = dag.test(run_conf=step["conf"], **when)
    with create_session() as session:
        run = session.get(DagRun, run.id)
        tasks = {ti.task_id + (f"[{ti.map_index}]" if ti.map_index >= 0 else ""): ti.state
                 for ti in run.get_task_instances(session=session)}
        xcoms = {f"{x.task_id}.{x.key}": x.value for x in session.scalars(
                 select(XComModel).where(XComModel.dag_run_id == run.id))}
        events = [[event.name, event.partition_key] for event in session.scalars(
                  select(AssetEvent).where(AssetEvent.source_run_id == run.run_id,
                                           AssetEvent.source_dag_id == run.dag_id))]
        return {"state": run.state, "note": run.note, "tasks": tasks, "xcoms": xcoms, "events": events}
for line in sys.stdin:
    runs = [execute(step) for step in json.loads(line)]
    with create_session() as session:
        queued = list(session.scalars(select(DagRun).where(DagRun.state == "queued").order_by(DagRun.id)))
        answer = [runs, [[run.dag_id, run.conf, run.note] for run in queued]]
        for run in queued:
            session.delete(run)
    print("RESULT " + json.dumps(answer), flush=True)
"""


@dataclass(frozen=True)
class Step:
    """A run of a DAG: started by hand with `conf`, or as of a logical date."""

    dag_id: str
    conf: Mapping[str, Any] | None = None
    logical_date: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A finished run: states by task, XComs by `task.key`, and asset events as (asset, partition key)."""

    state: str
    note: str | None
    tasks: dict[str, str]
    xcoms: dict[str, Any]
    events: list[list[str]]


@dataclass(frozen=True)
class Result:
    """Outcome of the runs. `queued`: runs that they triggered, as (dag_id, conf, note); `output` has all logs."""

    runs: list[Run]
    queued: list[list[Any]]
    output: str


def migrated(folder: Path) -> None:
    """Write Airflow's own database, with its tables and nothing else, to `airflow.db`."""
    own = {"AIRFLOW_HOME": str(folder), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db"}
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=os.environ | own, cwd=folder, capture_output=True, timeout=240, check=True,
    )  # fmt: skip


class LocalAirflow:
    """Airflow below `folder` for an installation; `connections` by id, as Airflow's JSON; `database` as `migrated`."""

    def __init__(
        self, folder: Path, settings: Settings, connections: Mapping[str, Mapping[str, Any]], database: Path
    ) -> None:
        shutil.copy(database, folder / "airflow.db")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AUYL_", "AIRFLOW_CONN"))} | {
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "0",
            "PYTHONPATH": str(REPOSITORY),
            "AUYL_DSN": settings.dsn,
            "AUYL_LAKE": settings.lake,
            "AUYL_HOME": str(settings.home),
            "AUYL_INCLUDE": str(settings.include),
            "AUYL_HASH_KEY_FILE": str(settings.hash_key_file),
            **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()},
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(REPOSITORY / "dags")], env=env, cwd=folder, umask=0o022, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> "LocalAirflow":
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.communicate(timeout=60)  # ends its input

    def run(self, *steps: Step) -> Result:
        """Run the DAGs one after another. The runs that they triggered are forgotten then."""
        requests = [{"dag_id": s.dag_id, "conf": s.conf, "logical_date": s.logical_date and s.logical_date.isoformat()}
                 for s in steps]  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        limit = threading.Timer(LONGEST_S, self._process.kill)
        limit.start()
        self._process.stdin.write(json.dumps(requests) + "\n")
        self._process.stdin.flush()
        output = []
        for line in self._process.stdout:
            before, mark, answer = line.partition("RESULT ")
            output.append(before)
            if mark:
                limit.cancel()
                runs, queued = json.loads(answer)
                return Result([Run(**run) for run in runs], queued, "".join(output))
        raise AssertionError("".join(output)[-6000:])
