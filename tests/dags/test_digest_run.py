"""The DAG of the night, run whole by Airflow on its own database: one mail, and the snapshot goes on."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auyl import intake
from auyl.settings import Settings
from tests.conftest import Once
from tests.mailbox import PASSWORD, mailbox
from tests.snapshot.conftest import core_registries, know_territory
from tests.snapshot.queries import query

REPOSITORY = Path(__file__).parents[2]
PERIOD = "2026-10"
REGISTRIES = ("population", "social_assistance", "livestock", "ambulance", "employment")

pytestmark = pytest.mark.slow

# 06:00 of 20 November in Almaty; all deadlines of October have passed
RUN = """
import json, sys
from datetime import datetime, timezone
from sqlalchemy import select
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models import DagRun
from airflow.utils.session import create_session
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
DagBundlesManager().sync_bundles_to_db()
sync_bag_to_db(bag, "dags-folder", None)
states = [bag.get_dag("digest").test(logical_date=datetime(2026, 11, 20, 1, tzinfo=timezone.utc)).state]
with create_session() as session:
    confs = session.scalars(select(DagRun.conf).where(DagRun.dag_id == "consolidate")).all()
for conf in confs:
    states.append(bag.get_dag("consolidate").test(run_conf=conf).state)
print("RESULT " + json.dumps([states, confs]))
"""


@pytest.fixture
def installation(settings: Settings, once: Once) -> Settings:
    """A small oblast of which the budgets did not come."""
    extracts, _ = once("core_registries", core_registries)
    know_territory(settings, extracts)
    for registry in REGISTRIES:
        files = sorted((extracts / PERIOD / registry).iterdir())
        delivery = intake.land_files(registry, PERIOD, files, settings, datetime(2026, 11, 1, 5, tzinfo=UTC))
        assert intake.load(delivery, settings).accepted
    return settings


def test_one_mail_a_night_and_the_snapshot_goes_on_without_what_is_late(installation: Settings, tmp_path: Path) -> None:
    with mailbox() as box:
        connection = {
            "conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "login": "auyl", "password": PASSWORD,
            "extra": {
                "from_email": "auyl@example.kz", "to": "engineer@example.kz", "disable_ssl": True, "disable_tls": True,
            },
        }  # fmt: skip
        env = {k: v for k, v in os.environ.items() if not k.startswith("AUYL_")} | {
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
            "AIRFLOW_CONN_AUYL_SMTP": json.dumps(connection),
            "PYTHONPATH": str(REPOSITORY),
            "AUYL_DSN": installation.dsn,
            "AUYL_LAKE": installation.lake,
            "AUYL_HOME": str(installation.home),
            "AUYL_HASH_KEY_FILE": str(installation.hash_key_file),
        }

        def airflow(*command: str) -> str:
            done = subprocess.run(
                [sys.executable, *command], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=400
            )
            assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
            return done.stdout + done.stderr

        airflow("-m", "airflow", "db", "migrate")
        said = airflow("-c", RUN, str(REPOSITORY / "dags"))
        states, confs = json.loads(said.split("RESULT ")[1].splitlines()[0])
        assert states == ["success", "success"]
        assert confs == [{"period": PERIOD, "allow_missing": True}]
        (message,) = box.messages
        assert "опаздывает реестров: 2" in str(message["Subject"])
        assert box.logins == [("auyl", PASSWORD)]
        assert PASSWORD not in said
    kept = query(
        installation,
        "select d.day, m.recipients from ledger.daily_report as d left join ledger.daily_report_mail as m using (day)",
    )
    assert [(str(row.day), row.recipients) for row in kept] == [("2026-11-20", 1)]
    missing = query(installation, "select registry, reason from serving.snapshot_missing")
    assert [tuple(row) for row in missing] == [("budget_okrug", "never")]
    assert query(installation, "select count(*) from serving.snapshot_value where value is not null")[0][0] > 1000
