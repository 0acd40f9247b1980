"""Under the real scheduler, all on one Airflow, in this order.

`kill -9` in mid-task: Airflow tries again, and the snapshot is the same byte for byte. What was taken in is reconciled
by the night's DAG then. `airflow backfill create` over months gives the same as if they had come in time, in whatever
order.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auyl.store.lake import Lake
from bench import airflow as airflow_bench
from lab import synthetic
from lab.stack import demo
from tests.lab.stack.conftest import MONTHS, ask, forget, wait_for

pytestmark = pytest.mark.slow
FORMER, LATTER = MONTHS


# -- killed ------------------------------------------------------------------------------------------------------


def state(up: demo.Ready) -> dict[str, object]:
    """What readers and the ledger hold, without what tells when it happened."""
    account = "rows_in, staged, linkable, quarantined, duplicates"
    batches = f"select registry, {account} from ledger.batch_ranked order by registry"
    return {
        "content": ask(up, "select revision, content_sha256 from serving.snapshot"),
        "values": ask(up, "select count(*) from serving.snapshot_value"),
        "persons": ask(up, "select count(*) from vault.person"),
        "batches": ask(up, batches),
    }


def through(up: demo.Ready, month: str = FORMER) -> None:
    plan = demo.Plan(month, up.plan.scale, registries=up.plan.registries)
    demo.through_airflow(plan, up.airflow, demo.Progress())


def running(up: demo.Ready, dag_id: str, task_id: str) -> dict | None:
    """The running instance of a task."""
    path = f"dags/{dag_id}/dagRuns/~/taskInstances"
    found = up.airflow.get(path, state="running", limit=10)["task_instances"]
    return next((task for task in found if task["task_id"] == task_id and task["pid"]), None)


def kill_at_work(
    up: demo.Ready, dag_id: str, task_id: str, sign: Path, whole_worker: bool, runner: threading.Thread
) -> dict:
    """SIGKILL the process of a task as soon as it has begun to write below `sign`, with its worker if so asked."""
    wait_for(lambda: any(sign.rglob("*.parquet*")) or not runner.is_alive())
    task = running(up, dag_id, task_id)
    assert task is not None, "it was too quick to be killed"
    pid = task["pid"]
    if whole_worker:
        os.kill(int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    return task


@pytest.fixture(scope="module")
def first_run_s(up: demo.Ready) -> float:
    """The first run, as the bench measures it."""
    return airflow_bench.first_run(up)


@pytest.fixture(scope="module")
def undisturbed(up: demo.Ready, first_run_s: float) -> dict[str, object]:
    """What it left."""
    return state(up)


def test_the_bench_measures_a_run_that_published(
    up: demo.Ready, first_run_s: float, undisturbed: dict[str, object]
) -> None:
    assert [revision for revision, _ in undisturbed["content"]] == [1]
    (took,) = ask(
        up,
        "select extract(epoch from max(s.published_at) - min(d.arrived_at))::float "
        "from serving.snapshot as s, ledger.delivery as d",
    )[0]
    assert 0 < took < first_run_s


@pytest.mark.parametrize(
    ("dag_id", "task_id", "folder", "whole_worker"),
    [("intake_population", "load", "raw/population", False), ("consolidate", "publish", "core", True)],
    ids=["the load of population", "the build, with its worker"],
)
def test_a_task_killed_in_the_middle_gives_the_same_snapshot(
    up: demo.Ready, undisturbed: dict[str, object], dag_id: str, task_id: str, folder: str, whole_worker: bool
) -> None:
    assert undisturbed["content"]
    forget(up)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            through(up)
        except BaseException as error:
            failed.append(error)

    runner = threading.Thread(target=run)
    runner.start()
    killed = kill_at_work(up, dag_id, task_id, Path(up.settings.lake) / folder, whole_worker, runner)
    batches = "select count(*) from ledger.batch_ranked where registry = 'population'"
    assert ask(up, batches) == [(0 if task_id == "load" else 1,)]
    assert ask(up, "select count(*) from serving.snapshot") == [(0,)]
    runner.join(400)
    assert not runner.is_alive() and not failed, failed
    path = f"dags/{dag_id}/dagRuns/{killed['dag_run_id']}/taskInstances/{task_id}"
    again = up.airflow.get(path)
    assert (again["try_number"], again["state"]) == (killed["try_number"] + 1, "success")
    assert state(up) == undisturbed


def test_the_night_reconciles_what_was_taken_in(up: demo.Ready, undisturbed: dict[str, object]) -> None:
    run = up.airflow.trigger("reconcile", None)
    wait_for(lambda: up.airflow.look(run).done, every_s=0.5)
    assert up.airflow.look(run).state == "success", up.airflow.failure(run)
    assert up.airflow.task_states(run) == dict.fromkeys(("changes", "link", "entities", "compare"), "success")
    kinds = "select count(distinct kind) from ledger.entity_set where attributes > 0"
    assert ask(up, kinds)[0][0] >= 3
    assert ask(up, "select count(*) from serving.contradiction_set") == [(1,)]
    assert Lake(up.settings.lake).files("reference/changes")
    assert ask(up, f"select count(distinct contents) from ledger.link_run where period = '{FORMER}'") == [(1,)]


# -- months afterwards -------------------------------------------------------------------------------------------


def current_batches(up: demo.Ready) -> list[tuple]:
    return ask(
        up,
        "select period, content_sha256, (select count(*) from serving.snapshot_value as v "
        "where (v.period, v.revision) = (f.period, f.revision)) from serving.current_snapshot as f "
        "inner join serving.snapshot using (period, revision) order by period",
    )


def by_command(up: demo.Ready, registry: str, *options: str) -> str:
    command = [
        sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", f"intake_{registry}",
        "--from-date", "2026-09-01", "--to-date", "2026-10-31", "--run-backwards", *options,
    ]  # fmt: skip
    done = subprocess.run(command, env=up.airflow.environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def by_api(up: demo.Ready, registry: str) -> None:
    """The same request as the command's, without the seconds that its start takes."""
    up.airflow.post(
        "backfills", dag_id=f"intake_{registry}", from_date="2026-09-01T00:00:00Z", to_date="2026-10-31T00:00:00Z",
        run_backwards=True, reprocess_behavior="completed",
    )  # fmt: skip


def backfilled(up: demo.Ready) -> list[dict]:
    found = up.airflow.get("dags/~/dagRuns", run_type="backfill", limit=100)
    return list(found["dag_runs"])


def backfills(up: demo.Ready, registry: str) -> list[dict]:
    return list(up.airflow.get("backfills", dag_id=f"intake_{registry}")["backfills"])


def quiet(up: demo.Ready) -> bool:
    return not up.airflow.unfinished()


def test_a_backfill_over_months_gives_the_same_as_months_in_time(
    up: demo.Ready, undisturbed: dict[str, object]
) -> None:
    assert state(up) == undisturbed, "the former month is there as it came in time"
    # the sources know the latter month only now
    synthetic.make(up.extracts, LATTER, up.plan.people)
    synthetic.load_dispatch(up.settings.dsn.rpartition("/")[0] + "/dispatch", up.extracts, LATTER)
    through(up, LATTER)
    in_time = current_batches(up)
    assert [row[0] for row in in_time] == list(MONTHS) and in_time[0][1] != in_time[1][1]

    # what was taken in by hand is not taken in again unless it is asked for
    by_command(up, "ambulance")
    assert backfilled(up) == []

    wait_for(lambda: quiet(up), seconds=180, every_s=0.3)
    forget(up)
    by_command(up, "population", "--reprocess-behavior", "completed")
    for registry in set(up.plan.registries) - {"population", "ambulance"}:
        by_api(up, registry)
    # Airflow takes half a minute to see that the first backfill of it is over
    wait_for(lambda: all(b["completed_at"] for b in backfills(up, "ambulance")), seconds=120, every_s=0.5)
    by_api(up, "ambulance")
    keys = sorted(run["partition_key"] for run in backfilled(up))
    assert keys == sorted(MONTHS * len(up.plan.registries))
    wait_for(lambda: quiet(up) and len(current_batches(up)) == 2, seconds=400, every_s=0.3)
    assert {run["state"] for run in backfilled(up)} == {"success"}
    assert current_batches(up) == in_time
