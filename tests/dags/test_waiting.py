"""A source that has nothing yet holds no worker: with one slot, one registry waits and another goes through."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg2
import pytest
import yaml

from auyl import contracts, ledger
from auyl.settings import REPOSITORY, Settings
from auyl.store.schema import ensure_database
from lab.simulated_sources.gateway import Gateway, pem, self_signed
from lab.stack.airflow import AirflowStack, RunState
from lab.stack.supervisor import Supervisor
from tests.conftest import fresh_installation
from tests.extracts import PERIOD, animal, livestock_xlsx, person, population_xml

pytestmark = pytest.mark.slow

EARLIER = "2026-09"
RECORD = "Envelope/Body/getMessageResponse/response/messageData/data"
PATHS = {
    "record": f"{RECORD}/persons/person",
    "envelope": {name: f"/{RECORD}/{name}" for name in ("period", "parts")},
}


@dataclass
class World:
    """Airflow with a single slot, two registries, a drop folder and a gateway."""

    airflow: AirflowStack
    settings: Settings
    drop: Path
    gateway: Gateway

    def wait(self, run: RunState, until: set[str], task: str = "pull", seconds: float = 240) -> str:
        """Wait until the task of a run is in one of these states."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.airflow.supervisor.check()
            if self.airflow.refresh(run).state == "failed":
                raise AssertionError(self.airflow.failure(run))
            state = self.airflow.task_states(run).get(task)
            if state in until:
                return state
            time.sleep(0.3)
        raise AssertionError(f"{run.dag_id} after {seconds} s: {self.airflow.task_states(run)}")

    def delivered(self, period: str, marker: bool) -> None:
        """Livestock drops its workbook, and says that it is whole."""
        folder = self.drop / period
        folder.mkdir(exist_ok=True)
        rows = [animal(n, **{"Дата отчета": f"30.{period[5:]}.2026"}) for n in range(1, 30)]
        livestock_xlsx(folder / f"livestock_{period}.xlsx", {"Енбекшиказахский": rows})
        if marker:
            (folder / f"livestock_{period}.xlsx.ok").touch()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[Gateway, int]]:
    """The gateway over HTTP, and its port."""
    folder = tmp_path / "extracts" / PERIOD / "population"
    folder.mkdir(parents=True)
    (folder / "part1.xml").write_bytes(population_xml([person(n) for n in range(1, 30)]))
    gateway = Gateway(tmp_path / "extracts", "auyl", "geheim", *self_signed("МВД РК, тест"), states=["ON_DELIVERY"])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = gateway.reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield gateway, server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(dsn: str, tmp_path: Path, gateway: tuple[Gateway, int]) -> Iterator[World]:
    """All components real; two registries whose sources are at hand."""
    settings = fresh_installation(dsn, tmp_path)
    include = tmp_path / "include"
    shutil.copytree(REPOSITORY / "include", include)
    drop = tmp_path / "drop"
    drop.mkdir()
    soap = {"way": "soap", "channel": "async", "service": "population", "request": {"period": "{period}"}, **PATHS}
    changes = {
        "livestock": {"filePattern": "livestock_{period}.xlsx", "marker": "{name}.ok", "pollSeconds": 1},
        "population": {**soap, "connection": "gateway", "pollSeconds": 1, "filePattern": None, "marker": None},
    }
    for path in (include / "contracts").iterdir():
        name = path.name.removesuffix(".odcs.yaml")
        if name not in changes:
            continue
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        server = document["servers"][0]
        options = {item["property"]: item["value"] for item in server["customProperties"]} | changes[name]
        server["customProperties"] = [
            {"property": key, "value": value} for key, value in options.items() if value is not None
        ]
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    office, port = gateway
    connections = {
        contracts.load("livestock", include).connection: {"conn_type": "fs", "extra": {"path": f"{drop}/{{period}}"}},
        "gateway": {
            "conn_type": "http", "host": "127.0.0.1", "port": port, "login": "auyl", "password": "geheim",
            "extra": {"path": "/bip", "certificate": pem(office.certificate)},
        },
    }  # fmt: skip
    env = {
        "AUYL_DSN": dsn, "AUYL_HOME": str(tmp_path), "AUYL_LAKE": settings.lake, "AUYL_INCLUDE": str(include),
        "AUYL_HASH_KEY_FILE": str(settings.hash_key_file), "GX_ANALYTICS_ENABLED": "false",
    }  # fmt: skip
    with Supervisor(tmp_path / "logs") as supervisor:
        database = ensure_database(dsn, "airflow_waiting")
        airflow = AirflowStack(tmp_path, database, supervisor, connections=connections, env=env, parallelism=1)
        migration = airflow.migrate()
        assert migration is not None
        supervisor.finish(migration)
        airflow.migrated()
        airflow.start()
        airflow.wait_ready({"intake_livestock", "intake_population"})
        yield World(airflow, settings, drop, office)
        airflow.stop()


def test_one_slot_is_enough_for_many_that_wait(world: World) -> None:
    airflow = world.airflow
    world.delivered(PERIOD, marker=False)
    livestock = airflow.trigger("intake_livestock", PERIOD)
    population = airflow.trigger("intake_population", PERIOD)
    for run in (livestock, population):
        assert world.wait(run, {"up_for_reschedule"}) == "up_for_reschedule"

    # a correction of another month goes past the one that waits
    world.delivered(EARLIER, marker=True)
    earlier = airflow.trigger("intake_livestock", EARLIER)
    world.wait(earlier, {"success"}, "load")
    assert airflow.refresh(livestock).state == "running"
    assert len(world.gateway.received) == 1, "a message is sent once, however often its state is polled"

    world.gateway.waiting[world.gateway.received[0]][2][:] = ["DELIVERED"]
    world.wait(population, {"success"}, "load")
    assert airflow.refresh(livestock).state == "running"

    world.delivered(PERIOD, marker=True)
    world.wait(livestock, {"success"}, "load")
    accepted = {(row["registry"], row["period"]) for row in ledger.extracts(world.settings, [])}
    assert accepted == {("livestock", EARLIER), ("livestock", PERIOD), ("population", PERIOD)}
    assert len(world.gateway.received) == 1
    no_worker_was_held(world, livestock)


def no_worker_was_held(world: World, run: RunState) -> None:
    """`run` poked often and briefly; its log says what it waited for and shows no secret."""
    task = world.airflow.get(f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/pull")
    assert task["try_number"] == 1, "waiting is no failure"
    logs = "".join(path.read_text() for path in world.airflow.log_folder(run).rglob("*.log"))
    pokes = [json.loads(line) for line in logs.splitlines() if "not ready" in line]
    assert len(pokes) >= 2
    assert "have no marker {name}.ok yet" in pokes[0]["event"]
    everything = "".join(path.read_text(errors="replace") for path in world.settings.home.rglob("*.log"))
    assert "geheim" not in everything
    with psycopg2.connect(world.airflow.dsn) as con, con.cursor() as cursor:
        cursor.execute("select count(*) from task_reschedule")
        assert cursor.fetchone()[0] >= 3, "each poke of both runs gave its worker back"
    con.close()
