"""`kill -9` in mid-task under the real scheduler: Airflow tries again, and the snapshot is the same byte for byte.

What was taken in is reconciled by the night's DAG then.
"""

import os
import signal
import threading
from pathlib import Path

import pytest

from auyl.lake import Lake
from auyl.stack import demo
from tests.stack.conftest import ask, forget, wait_for

pytestmark = pytest.mark.slow


def state(up: demo.Ready) -> dict[str, object]:
    """What readers and the ledger hold, without what tells when it happened."""
    batches = "select registry, rows_in, staged, quarantined, duplicates from ledger.batch_standing order by registry"
    return {
        "content": ask(up, "select revision, content_sha256 from serving.snapshot"),
        "values": ask(up, "select count(*) from serving.snapshot_value"),
        "persons": ask(up, "select count(*) from vault.person"),
        "batches": ask(up, batches),
    }


def through(up: demo.Ready) -> None:
    demo.through_airflow(up.plan, up.airflow, demo.Progress())


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
def undisturbed(up: demo.Ready) -> dict[str, object]:
    through(up)
    return state(up)


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
    batches = "select count(*) from ledger.batch_standing where registry = 'population'"
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
    assert ask(up, "select count(distinct contents) from ledger.link_run where period = '2026-10'") == [(1,)]
