"""Settings of Airflow for the tests of the DAG files: no database, nothing written into the home of the user."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.conftest import Once
from tests.dags.local_airflow import migrated

REPOSITORY = Path(__file__).parents[2]

# Airflow reads them once, at import.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="auyl-airflow-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(REPOSITORY / "dags")
os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(REPOSITORY / "plugins")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:////dev/null"


@pytest.fixture(scope="session")
def airflow_database(once: Once) -> Path:
    """A fresh database of Airflow, to be copied."""
    folder, _ = once("airflow-database", migrated)
    return folder / "airflow.db"
