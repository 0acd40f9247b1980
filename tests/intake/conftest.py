"""An extract is written to a folder and taken in, as `auyl intake` does it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auyl import intake
from auyl.settings import Settings
from tests import extracts

TakeIn = Callable[..., intake.BatchResult]


@pytest.fixture
def take_in(settings: Settings, tmp_path: Path) -> TakeIn:
    """Take in files given as name → bytes (or a path) and return what became of them."""

    def run(
        registry: str, files: dict[str, bytes] | Path, period: str = extracts.PERIOD, made: datetime | None = None
    ) -> intake.BatchResult:
        if isinstance(files, Path):
            paths = [files]
        else:
            folder = tmp_path / "drop"
            folder.mkdir(exist_ok=True)
            for old in folder.iterdir():
                old.unlink()
            paths = []
            for name, content in files.items():
                (folder / name).write_bytes(content)
                paths.append(folder / name)
        delivery = intake.land_files(registry, period, paths, settings, made or datetime(2026, 11, 1, tzinfo=UTC))
        return intake.load(delivery, settings)

    return run


TakeDerived = Callable[..., intake.BatchResult]


@pytest.fixture
def take_derived(settings: Settings, tmp_path: Path) -> TakeDerived:
    """Take files in by a contract derived from another, and validated: (base, options of its server, files)."""
    from dataclasses import replace

    from auyl import contracts
    from tests.intake import derived

    def run(base: str, options: dict[str, object], files: dict[str, bytes]) -> intake.BatchResult:
        include = derived.include_with(tmp_path, ("derived", base, dict(options)))
        contracts.validate(include / "contracts" / "derived.odcs.yaml")
        here = replace(settings, include=include)
        folder = tmp_path / "drop"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        delivery = intake.land_files("derived", extracts.PERIOD, sorted(folder.iterdir()), here)
        return intake.load(delivery, here)

    return run


@pytest.fixture
def refusal(take_derived: TakeDerived) -> Callable[..., str]:
    """The words with which such files are refused; nothing of them reaches stage."""

    def run(base: str, options: dict[str, object], files: dict[str, bytes]) -> str:
        result = take_derived(base, options, files)
        assert result.status == "refused", result
        assert "derived: " in str(result.refusal) and "Fix: " in str(result.refusal)
        return str(result.refusal)

    return run
