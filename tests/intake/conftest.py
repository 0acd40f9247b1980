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
