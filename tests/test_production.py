"""The production shape: valid, without secrets, and with settings that this Airflow knows."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from auyl.settings import REPOSITORY
from lab.stack.airflow import AirflowStack
from lab.stack.supervisor import Supervisor

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text(encoding="utf-8"))
OWN_IMAGE = "${AUYL_IMAGE:-auyl:latest}"


def environments() -> dict[str, dict[str, str]]:
    return {name: service.get("environment") or {} for name, service in COMPOSE["services"].items()}


def known_settings() -> set[str]:
    folder = Path(find_spec("airflow").origin).parent
    config = yaml.safe_load((folder / "config_templates" / "config.yml").read_text(encoding="utf-8"))
    return {f"AIRFLOW__{section}__{name}".upper() for section in config for name in config[section]["options"]}


def schema_errors(file: Path) -> list[dict[str, str]]:
    """What is wrong with a compose file by the schema of the Compose project."""
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "--output-format", "json"]
    done = subprocess.run([sys.executable, *command, str(file)], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout).get("errors", [])


def test_compose_file_is_valid() -> None:
    assert schema_errors(REPOSITORY / "docker-compose.yaml") == []


def test_a_mistake_in_a_compose_file_is_caught(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yaml"
    broken.write_text(yaml.safe_dump({**COMPOSE, "services": {"a": {"image": "x", "comand": ["y"]}}}))
    (error,) = schema_errors(broken)
    assert "comand" in error["message"]


def test_no_secret_is_written_down() -> None:
    for service, environment in environments().items():
        for name, value in environment.items():
            if re.search(r"PASSWORD|SECRET|_KEY$|FERNET", name):
                assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), (service, name)
            assert not re.search(r":[^/@:]+@", re.sub(r"\$\{[^}]*\}", "", value)), (service, name)


def test_all_of_ours_run_the_same_image() -> None:
    ours = {name: s["image"] for name, s in COMPOSE["services"].items() if name not in ("postgres", "redis", "tls")}
    assert set(ours.values()) == {OWN_IMAGE}
    assert {"api-server", "scheduler", "dag-processor", "worker", "portal"} <= set(ours)


def test_only_the_proxy_is_open_to_the_network() -> None:
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert name == "tls" or port.startswith("127.0.0.1:"), (name, port)


def test_every_setting_is_one_that_airflow_knows() -> None:
    known = known_settings()
    for service, environment in environments().items():
        names = {n for n in environment if n.startswith("AIRFLOW__") and not n.startswith("AIRFLOW__CELERY__")}
        assert names <= known, service


def test_every_embedded_setting_is_one_that_airflow_knows(tmp_path: Path) -> None:
    stack = AirflowStack(tmp_path, "postgresql://u:p@127.0.0.1:1/airflow", Supervisor(tmp_path))
    names = {name for name in stack.environment() if name.startswith("AIRFLOW__")}
    assert len(names) > 30
    assert names <= known_settings()


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-production.txt"])
def test_locks_pin_everything_and_name_no_host(file: str) -> None:
    lines = (REPOSITORY / file).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+(\[[a-z,]+\])?==[^ ]+( ;.*)?", line) for line in pins)
    assert "://" not in "".join(lines)


# -- the image ---------------------------------------------------------------------------------------------------

DEVELOPMENT = {"bench", "lab", "tests"}
IMPORT_ALL = """
import importlib, os, pkgutil, sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # an import of it fails, wherever it is installed
import auyl, auyl_airflow
names = [m.name for p in (auyl, auyl_airflow) for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
names = [name for name in names if not name.startswith("auyl.store.migrations")]  # run by Alembic alone
files = [importlib.import_module(name).__file__ for name in names]
print(len(files), *{file for file in files if not file.startswith(os.getcwd())})
"""
LOAD_DAGS = """
from airflow.dag_processing.dagbag import DagBag
from airflow.plugins_manager import get_plugin_info
bag = DagBag("dags")
print(bag.import_errors, len(bag.dags), [plugin["name"] for plugin in get_plugin_info() if "auyl" in plugin["name"]])
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies from the repository."""
    folder = tmp_path_factory.mktemp("image")
    lines = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in map(REPOSITORY.joinpath, sources):
                if source.is_dir():
                    shutil.copytree(source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(source, folder / target)
    return folder


def python(folder: Path, program: str, *arguments: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AUYL_", "AIRFLOW"))} | {
        "PYTHONPATH": str(folder), "AUYL_HOME": str(folder / "state"), "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()[-1]


def test_the_image_has_nothing_of_the_laboratory(image: Path) -> None:
    assert {"auyl", "auyl_airflow", "dags", "plugins", "include", "expectations"} <= {p.name for p in image.iterdir()}
    assert not DEVELOPMENT & {path.name for path in image.rglob("*")}
    assert set((REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split()) >= DEVELOPMENT


def test_every_module_of_the_image_imports_without_the_laboratory(image: Path) -> None:
    count, *elsewhere = python(image, IMPORT_ALL, *sorted(DEVELOPMENT)).split()
    assert elsewhere == []
    files = [*(image / "auyl").rglob("*.py"), *(image / "auyl_airflow").rglob("*.py")]
    files = [file for file in files if "migrations" not in file.parent.parts]
    assert int(count) == len(files) - 2  # the two packages themselves


def test_the_dags_of_the_image_load_and_its_plugin_is_registered_once(image: Path) -> None:
    contracts = len(list((image / "include" / "contracts").glob("*.yaml")))
    dags = contracts + len(list((image / "dags").glob("*.py"))) - 1
    assert python(image, LOAD_DAGS) == f"{{}} {dags} ['auyl']"
