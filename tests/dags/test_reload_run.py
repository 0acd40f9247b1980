"""The DAG `reload`, executed: landed deliveries are judged by the rules of today, and their snapshots built again."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from auyl import intake, ledger
from auyl.settings import Settings
from tests.dags.local_airflow import LocalAirflow, Step
from tests.extracts import PERIOD, social_csv, social_row

pytestmark = pytest.mark.slow


def test_it_judges_each_registry_and_starts_the_builds(
    settings: Settings, tmp_path: Path, airflow_database: Path
) -> None:
    changed = replace(settings, include=Path(copytree(settings.include, tmp_path / "include")))
    contract = changed.include / "contracts" / "social_assistance.odcs.yaml"
    file = tmp_path / f"s_{PERIOD}.csv"
    file.write_bytes(social_csv([social_row(n) for n in range(1, 41)]))
    first = intake.load(intake.land_files("social_assistance", PERIOD, [file], changed), changed)
    contract.write_bytes(contract.read_bytes() + b"\n")
    request = {"reason": "contract of November", "registries": ["social_assistance", "livestock"]}
    with LocalAirflow(tmp_path, changed, {}, airflow_database) as airflow:
        result = airflow.run(Step("reload", request), Step("reload", request))
    once, again = result.runs
    assert once.tasks == {
        "find_registries": "success", "judge[0]": "success", "find_periods": "success", "build[0]": "success",
    }  # fmt: skip
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    assert batch.batch_id != first.batch_id and batch.delivery_id == first.delivery_id
    assert again.tasks["judge[0]"] == "success" and again.tasks["build"] == "skipped"
    assert [(dag, conf, note) for dag, conf, note in result.queued] == [
        ("consolidate", {"period": PERIOD}, "started by reload")
    ]
