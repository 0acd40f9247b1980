"""Files are loaded by contracts that no registry has."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auyl import contracts, intake
from auyl.settings import Settings
from tests import extracts
from tests.formats import derived

LoadDerived = Callable[..., intake.BatchResult]


@pytest.fixture
def load_derived(settings: Settings, tmp_path: Path) -> LoadDerived:
    """Land and load files by a contract derived from another, and validated: (base, options of its server, files)."""

    def run(base: str, options: dict[str, object], files: dict[str, bytes]) -> intake.BatchResult:
        include = derived.include_with(tmp_path, ("derived", base, dict(options)))
        contracts.validate(include / "contracts" / "derived.odcs.yaml")
        changed = replace(settings, include=include)
        folder = tmp_path / "drop"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        delivery = intake.land_files("derived", extracts.PERIOD, sorted(folder.iterdir()), changed)
        return intake.load(delivery, changed)

    return run


@pytest.fixture
def refusal(load_derived: LoadDerived) -> Callable[..., str]:
    """The text with which such files are refused."""

    def run(base: str, options: dict[str, object], files: dict[str, bytes]) -> str:
        result = load_derived(base, options, files)
        assert result.status == "refused", result
        assert "derived: " in str(result.refusal)
        assert "Fix: " in str(result.refusal)
        return str(result.refusal)

    return run
