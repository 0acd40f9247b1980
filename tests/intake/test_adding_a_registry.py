"""The three files of docs/adding-a-registry.md are all that a new registry needs."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from auyl import contracts, intake, ledger
from auyl.settings import Settings
from auyl.store.lake import Lake

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "docs" / "adding-a-registry.md").read_text("utf-8")
PLACES = {
    "yaml": "include/contracts/libraries.odcs.yaml",
    "sql": "include/sql/stage/libraries.sql",
    "json": "expectations/libraries.json",
    "csv": "libraries_2026-10.csv",
}


@pytest.fixture
def grown(settings: Settings, tmp_path: Path) -> Settings:
    """The installation with the guide's files added, and nothing else changed."""
    for folder in ("include", "expectations"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    for language, place in PLACES.items():
        (block,) = re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)
        (tmp_path / place).write_text(block, "utf-8")
    return replace(settings, include=tmp_path / "include", expectations=tmp_path / "expectations")


@pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")  # inside the ODCS package
def test_its_extract_is_taken_in_checked_and_handed_back(grown: Settings, tmp_path: Path) -> None:
    contracts.validate(grown.include / "contracts" / "libraries.odcs.yaml")
    extract = tmp_path / PLACES["csv"]
    result = intake.load(intake.land_files("libraries", "2026-10", [extract], grown), grown)
    assert result.status == "accepted", result.refusal
    assert (
        f"rows_in {result.rows_in} staged {result.staged} linkable 0 quarantined {result.quarantined} duplicates 0"
        in GUIDE
    )
    assert result.failed == {"kato_wellformed": 1, "books_readable": 1, "cell_unreadable": 1}
    (made,) = intake.write_handback(grown, "libraries")
    assert "L-3;1940;300;libraries_2026-10.csv;3;4" in Lake(grown.lake).read(made.path).decode("utf-8-sig")
    assert ledger.current_batches(grown, "libraries", "2026-10")[0].staged == 4


def test_airflow_has_its_dag(grown: Settings) -> None:
    asked = (
        "from airflow.dag_processing.dagbag import DagBag; "
        f"bag = DagBag({str(REPOSITORY / 'dags')!r}); assert not bag.import_errors, bag.import_errors; "
        "print(sorted(t.task_id for t in bag.dags['intake_libraries'].tasks))"
    )
    environment = {
        **os.environ,
        "AUYL_INCLUDE": str(grown.include),
        "AUYL_EXPECTATIONS": str(grown.expectations),
        "AIRFLOW_HOME": str(grown.home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////dev/null",
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'plugins'}",
    }
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "'load'" in done.stdout and "'pull'" in done.stdout
