"""Real servers that stand in for offices, and contracts that come by another way."""

import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from auyl import contracts
from auyl.settings import Settings

TOKEN = "token-of-the-tests"
Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve pages of `extracts`; returns the address with its token. `--faults some` makes it fail on the way."""
    started: list[subprocess.Popen[str]] = []

    def start(extracts: Path, faults: str = "none", token: str = TOKEN) -> str:
        file = tmp_path / "token"
        file.write_text(TOKEN)
        command = [sys.executable, "-m", "auyl.synthetic.server", "--extracts", str(extracts), "--port", "0"]
        process = subprocess.Popen(
            [*command, "--token-file", str(file), "--faults", faults], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        host = process.stdout.readline().strip().removeprefix("http://")
        return f"http://:{token}@{host}"

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


Adopt = Callable[..., Settings]


@pytest.fixture
def adopt(tmp_path: Path) -> Adopt:
    """Settings whose contract of a registry comes by another way: `adopt(settings, "population", way="sftp", …)`.

    An option that is None is taken away. All other rules are those of the project.
    """

    def change(settings: Settings, registry: str, **options: object) -> Settings:
        include = tmp_path / "include"
        shutil.copytree(settings.include, include, dirs_exist_ok=True)
        path = include / "contracts" / f"{registry}.odcs.yaml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        properties = document["servers"][0]["customProperties"]
        changed = {item["property"]: item["value"] for item in properties} | options
        document["servers"][0]["customProperties"] = [
            {"property": name, "value": value} for name, value in changed.items() if value is not None
        ]
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of the ODCS model's own
            contracts.validate(path)
        return replace(settings, include=include)

    return change
