"""Under the real scheduler, all on one Airflow, in this order.

A task killed by SIGKILL is retried, and the snapshot is the same, byte for byte. Each snapshot starts `quality` and
`reconcile`. `airflow backfill create` over months gives the same result as loading them in time, in any order.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg2
import pytest

from auyl.store.lake import Lake
from bench import airflow as airflow_bench
from lab import synthetic
from lab.simulated_sources.dispatch import load_dispatch
from lab.simulated_sources.drop import mark
from lab.stack import demo
from lab.stack.airflow import USER
from lab.stack.plan import DemoPlan
from tests.lab.stack.conftest import FOLLOWERS, MONTHS, TOKEN, ask, forget, wait_for
from tests.reports.hook import Hook

pytestmark = pytest.mark.slow
EARLIER, LATER = MONTHS


# -- killed ------------------------------------------------------------------------------------------------------


def state(up: demo.Installation) -> dict[str, object]:
    """What readers and the ledger hold, without what tells when it happened."""
    account = "rows_in, staged, linkable, quarantined, duplicates"
    batches = f"select registry, {account} from ledger.batch_ranked order by registry"
    return {
        "content": ask(up, "select revision, content_sha256 from serving.snapshot"),
        "values": ask(up, "select count(*) from serving.snapshot_value"),
        "persons": ask(up, "select count(*) from vault.person"),
        "batches": ask(up, batches),
    }


def through(up: demo.Installation, month: str = EARLIER) -> None:
    plan = DemoPlan(month, up.plan.scale, registries=up.plan.registries)
    demo.through_airflow(plan, up.airflow, demo.Progress())


def running(up: demo.Installation, dag_id: str, task_id: str) -> dict | None:
    """The running instance of a task."""
    path = f"dags/{dag_id}/dagRuns/~/taskInstances"
    found = up.airflow.get(path, state="running", limit=10)["task_instances"]
    return next((task for task in found if task["task_id"] == task_id and task["pid"]), None)


def kill_at_work(
    up: demo.Installation, dag_id: str, task_id: str, sign: Path, whole_worker: bool, runner: threading.Thread
) -> dict:
    """SIGKILL a task, and its worker where `whole_worker`, as soon as it has begun to write below `sign`."""
    wait_for(lambda: any(sign.rglob("*.parquet*")) or not runner.is_alive())
    task = running(up, dag_id, task_id)
    assert task is not None, "it was too quick to be killed"
    pid = task["pid"]
    if whole_worker:
        os.kill(int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    return task


@pytest.fixture(scope="module")
def first_run_s(up: demo.Installation) -> float:
    """The first run, as the bench measures it."""
    return airflow_bench.first_run(up)


@pytest.fixture(scope="module")
def undisturbed(up: demo.Installation, first_run_s: float) -> dict[str, object]:
    """What it left."""
    return state(up)


def test_the_bench_measures_a_run_that_published(
    up: demo.Installation, first_run_s: float, undisturbed: dict[str, object]
) -> None:
    assert [revision for revision, _ in undisturbed["content"]] == [1]
    (seconds,) = ask(
        up,
        "select extract(epoch from max(s.published_at) - min(d.arrived_at))::float "
        "from serving.snapshot as s, ledger.delivery as d",
    )[0]
    assert 0 < seconds < first_run_s


def test_links_of_a_load_lead_to_its_pages_for_those_who_are_signed_in(
    up: demo.Installation, undisturbed: dict[str, object]
) -> None:
    assert undisturbed["content"]
    (run,) = up.airflow.runs("intake_population", EARLIER)
    links = up.airflow.get(f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/load/links")["extra_links"]
    assert sorted(links) == ["Ledger", "Quality", "Rejected rows"]
    user = {"username": USER, "password": up.airflow.password}
    token = httpx.post(f"{up.airflow.url}/auth/token", json=user).json()["access_token"]
    for address in links.values():
        page, _, section = address.partition("#")
        assert page == f"{up.airflow.url}/auyl/intake_population/{EARLIER}"
        assert httpx.get(page).status_code == 401
        answer = httpx.get(page, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        assert f'id="{section}"' in answer.text
    (account,) = ask(up, "select rows_in, staged, quarantined from ledger.batch_ranked where registry = 'population'")
    for count in account:
        assert f"<td>{count}</td>" in answer.text
    (rule,) = ask(
        up,
        "select rule from ledger.rule_outcome "
        "inner join ledger.batch_ranked using (batch_id) where registry = 'population' order by failed desc limit 1",
    )[0]
    assert re.search(rf"<td>{rule}</td><td>[^<]+</td><td>\w+</td><td>\d+</td>", answer.text)
    assert not re.search(r"\d{12}", answer.text.replace(up.settings.oblast_kato, "")), "no person's number"
    for path in (f"intake_nothing/{EARLIER}", "intake_population/october"):
        signed_in = httpx.get(f"{up.airflow.url}/auyl/{path}", headers={"Authorization": f"Bearer {token}"})
        assert signed_in.status_code in (404, 422)
        assert httpx.get(f"{up.airflow.url}/auyl/{path}").status_code == 401


@pytest.mark.parametrize(
    ("dag_id", "task_id", "folder", "whole_worker"),
    [("intake_population", "load", "raw/population", False), ("consolidate", "publish", "core", True)],
    ids=["the load of population", "the build, with its worker"],
)
def test_a_task_killed_in_the_middle_gives_the_same_snapshot(
    up: demo.Installation, undisturbed: dict[str, object], dag_id: str, task_id: str, folder: str, whole_worker: bool
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


def test_each_snapshot_starts_quality_and_reconcile_and_the_night_finds_nothing_more(
    up: demo.Installation, undisturbed: dict[str, object]
) -> None:
    assert state(up) == undisturbed, "the earlier month is as it was"
    for dag_id in FOLLOWERS:
        up.airflow.set_paused(dag_id, False)
    # the sources have the later month only now
    synthetic.make(up.extracts, LATER, up.plan.people)
    mark(up.settings, up.plan.registries, up.extracts, LATER)
    load_dispatch(up.dispatch_dsn, up.extracts, LATER)
    through(up, LATER)
    wait_for(lambda: all(finished(up, dag_id) for dag_id in FOLLOWERS), every_s=0.5)
    night = up.airflow.trigger("nightly", None)
    wait_for(lambda: up.airflow.refresh(night).done and quiet(up), every_s=0.5)
    for dag_id in FOLLOWERS:
        runs = up.airflow.get(f"dags/{dag_id}/dagRuns", limit=100, order_by="id")["dag_runs"]
        assert {run["state"] for run in runs} == {"success"}
        assert (runs[0]["partition_key"], runs[0]["run_type"], runs[0]["note"]) == (LATER, "asset_triggered", None)
        assert runs[-1]["partition_key"] is None
        assert runs[-1]["note"].startswith("started by nightly; no")
    (run, *_) = up.airflow.runs("reconcile", LATER)
    tasks = up.airflow.get(f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")["task_instances"]
    steps = [(f"period_steps.{step}", at) for step in ("link", "entities", "compare") for at in (0, 1)]
    assert sorted((task["task_id"], task["map_index"]) for task in tasks) == sorted(
        [("changes", -1), ("find_periods", -1), *steps]
    ), "both months are due"
    measured = "select period, count(distinct registry) from serving.quality group by 1 order by 1"
    assert ask(up, measured) == [(month, len(up.plan.registries)) for month in MONTHS]
    kinds = "select count(distinct kind) from ledger.entity_set where attributes > 0"
    assert ask(up, kinds)[0][0] >= 3
    assert ask(up, "select count(*) from serving.contradiction_set") == [(2,)]
    assert Lake(up.settings.lake).files("reference/changes")
    assert ask(up, f"select count(distinct contents) from ledger.link_run where period = '{EARLIER}'") == [(1,)]


# -- months afterwards -------------------------------------------------------------------------------------------


def current_batches(up: demo.Installation) -> list[tuple]:
    return ask(
        up,
        "select period, content_sha256, (select count(*) from serving.snapshot_value as v "
        "where (v.period, v.revision) = (f.period, f.revision)) from serving.current_snapshot as f "
        "inner join serving.snapshot using (period, revision) order by period",
    )


def by_command(up: demo.Installation, registry: str, *options: str) -> str:
    command = [
        sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", f"intake_{registry}",
        "--from-date", "2026-09-01", "--to-date", "2026-10-31", "--run-backwards", *options,
    ]  # fmt: skip
    done = subprocess.run(command, env=up.airflow.environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def by_api(up: demo.Installation, registry: str) -> None:
    """The same request as the command's, without the seconds that its start takes."""
    up.airflow.post(
        "backfills", dag_id=f"intake_{registry}", from_date="2026-09-01T00:00:00Z", to_date="2026-10-31T00:00:00Z",
        run_backwards=True, reprocess_behavior="completed",
    )  # fmt: skip


def backfilled(up: demo.Installation) -> list[dict]:
    found = up.airflow.get("dags/~/dagRuns", run_type="backfill", limit=100)
    return list(found["dag_runs"])


def backfills(up: demo.Installation, registry: str) -> list[dict]:
    return list(up.airflow.get("backfills", dag_id=f"intake_{registry}")["backfills"])


def finished(up: demo.Installation, dag_id: str) -> bool:
    found = up.airflow.runs(dag_id, LATER)
    return bool(found) and all(run.done for run in found)


def quiet(up: demo.Installation) -> bool:
    return not up.airflow.unfinished()


def test_a_backfill_over_months_gives_the_same_as_months_in_time(
    up: demo.Installation,
) -> None:
    for dag_id in FOLLOWERS:
        up.airflow.set_paused(dag_id, True)
    in_time = current_batches(up)
    assert [row[0] for row in in_time] == list(MONTHS) and in_time[0][1] != in_time[1][1]

    # a period that was loaded by hand is not loaded again unless requested
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


# -- alarms ------------------------------------------------------------------------------------------------------


def test_what_cannot_wait_is_told_at_once(up: demo.Installation, telegram: Hook) -> None:
    """A delivery that is refused, and a source that has nothing when the deadline of its run is over."""
    month = "2026-08"
    telegram.messages.clear()
    broken = up.extracts / month / "social_assistance" / f"social_assistance_{month}.csv"
    broken.parent.mkdir(parents=True)
    broken.write_bytes("850412300123;СЕКРЕТОВ\r\n".encode("cp1251"))
    mark(up.settings, ["social_assistance"], up.extracts, month)
    waiting = up.airflow.trigger("intake_budget_okrug", month)
    refused = up.airflow.trigger("intake_social_assistance", month)
    wait_for(lambda: up.airflow.task_states(waiting).get("pull") == "up_for_reschedule", every_s=0.3)
    with contextlib.closing(psycopg2.connect(up.airflow.dsn)) as conn, conn, conn.cursor() as cur:
        # as if a day had passed
        cur.execute(
            "update deadline set deadline_time = now() where not missed "
            "and dagrun_id in (select id from dag_run where run_id = %s)",
            (waiting.run_id,),
        )
        assert cur.rowcount == 1
    wait_for(lambda: up.airflow.refresh(refused).done and "Срок прошёл" in str(telegram.messages), every_s=0.3)
    wait_for(lambda: "Выгрузка не принята" in str(telegram.messages), seconds=60, every_s=0.3)
    said = "\n".join(message["text"] for message in telegram.messages)
    assert f"  budget_okrug: {month}, с " in said
    assert f"  social_assistance: {month}: social_assistance_{month}.csv" in said and "expected" in said
    for run in (waiting, refused):
        assert f"{up.airflow.url}/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}" in said
    assert "СЕКРЕТОВ" not in said and "850412300123" not in said
    assert set(telegram.paths) == {f"/bot{TOKEN}/sendMessage"}
    for log in (up.settings.home / "airflow" / "logs").rglob("*.log"):
        assert TOKEN not in log.read_text(errors="replace"), log
    up.airflow._request("PATCH", f"dags/{waiting.dag_id}/dagRuns/{waiting.run_id}", json={"state": "failed"})
