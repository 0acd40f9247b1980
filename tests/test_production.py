"""The production shape: valid, without secrets, and with settings that this Airflow knows."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
import yaml

from auyl.settings import REPOSITORY
from lab.stack.airflow import AirflowStack
from lab.stack.supervisor import Supervisor

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text(encoding="utf-8"))
# compose-spec of the Compose project, Apache-2.0
SCHEMA = json.loads(Path(__file__).with_name("compose.schema.json").read_text(encoding="utf-8"))
OWN_IMAGE = "${AUYL_IMAGE:-auyl:latest}"


def environments() -> dict[str, dict[str, str]]:
    return {name: service.get("environment") or {} for name, service in COMPOSE["services"].items()}


def known_settings() -> set[str]:
    folder = Path(find_spec("airflow").origin).parent
    config = yaml.safe_load((folder / "config_templates" / "config.yml").read_text(encoding="utf-8"))
    return {f"AIRFLOW__{section}__{name}".upper() for section in config for name in config[section]["options"]}


def test_compose_file_is_valid() -> None:
    validator = jsonschema.Draft7Validator(SCHEMA)
    assert [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(COMPOSE)] == []


def test_the_schema_itself_catches_a_mistake() -> None:
    broken = {**COMPOSE, "services": {"a": {"image": "x", "comand": ["y"]}}}
    validator = jsonschema.Draft7Validator(SCHEMA)
    assert not validator.is_valid(broken)


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
