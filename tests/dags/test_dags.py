"""The DAG files: all load, quickly, one for every contract, and nothing heavy is imported at parse."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from auyl import contracts, settings
from auyl.checks import check_installation
from auyl.snapshot import catalogue

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((REPOSITORY / "dags").glob("*.py"))
REGISTRIES = contracts.names(settings.from_environment().include)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised by the import of Airflow


@pytest.fixture(scope="module")
def bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(REPOSITORY / "dags")


def test_every_file_loads(bag) -> None:
    assert bag.import_errors == {}
    others = {file.stem for file in FILES} - {"intake"}
    assert set(bag.dags) == others | {f"intake_{name}" for name in REGISTRIES}


def test_every_contract_has_its_dag(bag) -> None:
    assert {dag_id for dag_id in bag.dags if dag_id.startswith("intake_")} == {f"intake_{name}" for name in REGISTRIES}


def test_the_process_of_a_task_parses_only_its_own_dag(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    # Airflow's task runner sets it before it reads the file
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "intake_livestock")
    bag = DagBag(REPOSITORY / "dags" / "intake.py")
    assert bag.import_errors == {} and set(bag.dags) == {"intake_livestock"}


def test_every_dag_survives_serialization(bag) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in bag.dags.values():
        as_json = json.loads(json.dumps(DagSerialization.to_dict(dag)))
        again = DagSerialization.from_dict(as_json)
        assert again.task_ids == dag.task_ids


def test_every_dag_says_what_to_do_when_it_is_red(bag) -> None:
    for dag in bag.dags.values():
        for heading in ("**Purpose.**", "**Owner", "**Source.**", "**Cadence.**", "**When it is red**"):
            assert heading in dag.doc_md, (dag.dag_id, heading)
        assert not re.search(r"\{\w+\}", dag.doc_md)


def test_consolidate_listens_to_the_registries_of_the_catalogue_and_to_no_other(bag) -> None:
    needed = catalogue.load(settings.from_environment().include).registries
    assert set(needed) < set(REGISTRIES)
    condition = bag.dags["consolidate"].timetable.asset_condition
    assert type(condition).__name__ == "AssetAny"
    assert sorted(asset.name for asset in condition.objects) == sorted(f"stage_{name}" for name in needed)


def test_quality_and_reconcile_follow_the_snapshot(bag) -> None:
    for dag_id in ("quality", "reconcile"):
        assert bag.dags[dag_id].timetable.asset_condition.name == "snapshot"
        assert bag.dags[dag_id].max_active_runs == 1, "a burst of snapshots is worked off one after another"
    assert [asset.name for asset in bag.dags["consolidate"].get_task("publish").outlets] == ["snapshot"]


def test_every_period_is_a_task_of_its_own(bag) -> None:
    assert bag.dags["quality"].get_task("measure").is_mapped
    for step in ("link", "entities", "compare"):
        group = bag.dags["reconcile"].get_task(f"period_steps.{step}").task_group
        assert type(group).__name__ == "MappedTaskGroup"


def test_every_task_ends_by_a_timeout(bag) -> None:
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert timedelta() < task.execution_timeout <= timedelta(hours=2), (dag.dag_id, task.task_id)
    assert bag.dags["intake_livestock"].get_task("pull").timeout == timedelta(days=21).total_seconds()


def test_the_name_of_a_dag_contains_the_id_of_its_registry(bag) -> None:
    for name in REGISTRIES:
        assert f"({name})" in bag.dags[f"intake_{name}"].dag_display_name


def test_only_load_announces_that_an_extract_is_staged(bag) -> None:
    for name in REGISTRIES:
        dag = bag.dags[f"intake_{name}"]
        assert [asset.name for asset in dag.get_task("load").outlets] == [f"stage_{name}"]
        assert dag.get_task("pull").outlets == []
        assert dag.get_task("load").upstream_task_ids == {"pull"}


def test_a_dag_file_is_a_table_of_contents() -> None:
    for file in FILES:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 80, file


PARSE = """
import json, runpy, sys, time
# every parse process is forked from the manager and has these already
import airflow.dag_processing.manager, airflow.dag_processing.processor
from airflow.sdk import *
import airflow.sdk.exceptions
before = set(sys.modules)
begun = time.process_time()  # processor time, since the machine may be busy
for file in sys.argv[1:]:
    runpy.run_path(file)
print(json.dumps([time.process_time() - begun, sorted({m.partition(".")[0] for m in set(sys.modules) - before})]))
"""
HEAVY = {
    "duckdb",
    "pandas",
    "numpy",
    "pyarrow",
    "great_expectations",
    "psycopg2",
    "httpx",
    "lxml",
    "jsonschema",
}


def test_parsing_takes_under_a_second_and_imports_nothing_heavy() -> None:
    seconds, modules = json.loads(python("-c", PARSE, *FILES))
    assert set(modules) & HEAVY == set()
    assert seconds < 1


def python(*arguments: object) -> str:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], check=True, capture_output=True, text=True, env=env, timeout=120
    )
    return done.stdout.splitlines()[-1]


class TestPeriod:
    """The period comes from the partition key, else from the parameter; never from a date."""

    def test_partition_key_wins(self) -> None:
        from auyl_airflow.defaults import period_of

        assert period_of({"partition_key": "2026-10", "params": {"period": "2026-09"}}) == "2026-10"
        assert period_of({"partition_key": None, "params": {"period": "2026-09"}}) == "2026-09"

    @pytest.mark.parametrize("key", [None, "", "2026-13", "2026-1", "2026-10-01", "октябрь"])
    def test_a_run_without_period_fails_for_good(self, key: str | None) -> None:
        from airflow.sdk.exceptions import AirflowFailException

        from auyl_airflow.defaults import period_of

        with pytest.raises(AirflowFailException, match="no period"):
            period_of({"partition_key": key, "params": {"period": ""}})


class TestAddress:
    """An Airflow connection becomes the address that a source takes."""

    @pytest.mark.parametrize(
        ("connection", "address"),
        [
            ({"conn_type": "fs", "extra": {"path": "/data/дом 1"}}, "file:///data/%D0%B4%D0%BE%D0%BC%201"),
            (
                {
                    "conn_type": "postgres",
                    "host": "h",
                    "port": 5432,
                    "login": "u@x",
                    "password": "p/w:?",
                    "schema": "db",
                },
                "postgresql://u%40x:p%2Fw%3A%3F@h:5432/db",
            ),
            ({"conn_type": "http", "host": "127.0.0.1", "port": 80, "password": "t"}, "http://:t@127.0.0.1:80/"),
            (
                {
                    "conn_type": "smtp",
                    "host": "m.kz",
                    "login": "u",
                    "password": "p&?",
                    "extra": {"from_email": "a@m.kz", "to": "b@m.kz, c@m.kz"},
                },
                "smtp://u:p%26%3F@m.kz/?from=a%40m.kz&to=b%40m.kz%2C+c%40m.kz&security=tls",
            ),
            ({"conn_type": "http", "host": "api.kz", "schema": "https", "password": "t"}, "https://:t@api.kz/"),
            (
                {
                    "conn_type": "sftp",
                    "host": "h",
                    "port": 22,
                    "login": "u",
                    "password": "p/w",
                    "extra": {"path": "/out/{period}", "host_key": "ssh-ed25519 AA+/=", "timeout": 5},
                },
                "sftp://u:p%2Fw@h:22/out/{period}?host_key=ssh-ed25519+AA%2B%2F%3D&timeout=5",
            ),
            (
                {"conn_type": "http", "host": "shep.kz", "schema": "https", "extra": {"path": "/bip", "ca": "x"}},
                "https://shep.kz/bip?ca=x",
            ),
            (
                {
                    "conn_type": "mssql",
                    "host": "h",
                    "login": "u",
                    "schema": "d",
                    "extra": {"sqlalchemy_scheme": "mssql+pyodbc", "driver": "ODBC 18"},
                },
                "mssql+pyodbc://u@h/d?driver=ODBC+18",
            ),
            ({"conn_type": "sqlite", "host": "/data/calls.db"}, "sqlite:////data/calls.db"),
        ],
    )
    def test_address(self, monkeypatch: pytest.MonkeyPatch, connection: dict, address: str) -> None:
        from auyl_airflow.connections import address_of

        monkeypatch.setenv("AIRFLOW_CONN_SOME_SOURCE", json.dumps(connection))
        assert address_of("some_source") == address


def test_an_optional_connection_that_is_missing_is_none() -> None:
    from auyl_airflow.connections import address_or_none

    assert address_or_none("auyl_smtp_of_nobody") is None


def test_the_daily_report_belongs_to_the_local_day_of_its_run(bag) -> None:
    from auyl_airflow.defaults import day_of

    assert day_of({"logical_date": datetime(2026, 11, 20, 1, tzinfo=UTC)}) == date(2026, 11, 20)
    assert day_of({"logical_date": datetime(2026, 11, 19, 20, tzinfo=UTC)}) == date(2026, 11, 20)
    timetable = bag.dags["daily_report"].timetable
    assert (timetable.expression, str(timetable.timezone)) == ("0 6 * * *", "Asia/Almaty")


def test_a_refused_batch_is_not_retried_but_an_absent_source_is() -> None:
    from airflow.sdk import RetryAction

    from auyl.errors import ConnectionUnusable, ExtractRefused, SourceUnavailable
    from auyl_airflow.defaults import DEFAULT_ARGS

    policy = DEFAULT_ARGS["retry_policy"]
    refused = ExtractRefused("population", "a.xml", "a period", "none", "owner")
    assert policy.evaluate(refused, 1, 3).action is RetryAction.FAIL
    assert policy.evaluate(SourceUnavailable("503"), 1, 3).action is RetryAction.RETRY
    unusable = ConnectionUnusable("population", "population_drop", "a login", "another")
    assert policy.evaluate(unusable, 1, 3).action is RetryAction.FAIL
    assert policy.evaluate(RuntimeError("killed"), 1, 3).action is RetryAction.DEFAULT


def test_a_broken_contract_is_one_import_error_and_stops_no_other_intake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    include = Path(copytree(settings.from_environment().include, tmp_path / "include"))
    contract = include / "contracts" / "land.odcs.yaml"
    contract.write_text(contract.read_text("utf-8").replace("property: connection", "property: conection"), "utf-8")
    monkeypatch.setenv("AUYL_INCLUDE", str(include))
    bag = DagBag(REPOSITORY / "dags" / "intake.py")
    assert set(bag.dags) == {f"intake_{name}" for name in REGISTRIES} - {"intake_land"}
    ((_, words),) = bag.import_errors.items()
    assert "land.odcs.yaml: option connection is missing" in words


def test_the_descriptions_and_rules_that_the_dags_run_have_no_fault() -> None:
    assert check_installation(settings.from_environment()) == []
