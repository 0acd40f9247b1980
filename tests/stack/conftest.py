"""The demo's stack on a small oblast, for tests that need the real scheduler."""

import os
from collections.abc import Iterator

import pytest

from auyl.stack import demo
from auyl.stack.postgres import EmbeddedPostgres

SCALE = 80  # 20,000 people
# settings that an operator has too: a killed task is missed and tried again within seconds
IMPATIENT = {
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[demo.Ready]:
    """Airflow, PostgreSQL and the sources, all real; nothing was taken in yet."""
    home = tmp_path_factory.mktemp("stack") / "home"
    before = dict(os.environ)
    for name in [name for name in before if name.startswith(("AUYL_", "AIRFLOW"))]:
        del os.environ[name]
    os.environ["AUYL_HOME"] = str(home)
    try:
        with demo.ready(demo.Plan("2026-10", SCALE), demo.Progress(), env=IMPATIENT) as ready:
            yield ready
    finally:
        os.environ.clear()
        os.environ.update(before)
        EmbeddedPostgres(home).destroy()
