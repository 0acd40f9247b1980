"""`airflow backfill create` over months gives the same as if they had come in time, in whatever order."""

import subprocess
import sys

import pytest

from auyl import synthetic
from auyl.stack import demo
from tests.stack.conftest import ask, forget, wait_for

pytestmark = pytest.mark.slow

MONTHS = ("2026-09", "2026-10")


@pytest.fixture(scope="module")
def two_months(up: demo.Ready) -> demo.Ready:
    """The sources know a second month."""
    synthetic.make(up.extracts, MONTHS[0], up.plan.people)
    url = up.settings.dsn.rpartition("/")[0] + "/dispatch"
    synthetic.load_dispatch(url, up.extracts, MONTHS[0])
    return up


def in_force(up: demo.Ready) -> list[tuple]:
    return ask(
        up,
        "select period, content_sha256, (select count(*) from serving.snapshot_value as v "
        "where (v.period, v.revision) = (f.period, f.revision)) from serving.snapshot_in_force as f "
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
    return not any(up.airflow.get("dags/~/dagRuns", state=s, limit=1)["dag_runs"] for s in ("running", "queued"))


def test_a_backfill_over_months_gives_the_same_as_months_in_time(two_months: demo.Ready) -> None:
    up = two_months
    for month in MONTHS:
        demo.through_airflow(
            demo.Plan(month, up.plan.scale, registries=up.plan.registries), up.airflow, demo.Progress()
        )
    in_time = in_force(up)
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
    wait_for(lambda: quiet(up) and len(in_force(up)) == 2, seconds=400, every_s=0.3)
    assert {run["state"] for run in backfilled(up)} == {"success"}
    assert in_force(up) == in_time
