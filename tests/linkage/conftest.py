"""Records without a number and the persons whom they mean, small enough for a test."""

from pathlib import Path

import pytest

from auyl.settings import Settings, from_environment
from auyl.synthetic import keyless
from auyl.synthetic.keyless import Laboratory

# Neither is the seed of training, nor that which its thresholds were set on.
SEED = 90_210


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """40,000 persons, a tenth of them met without a number, all noise on."""
    return keyless.make(tmp_path_factory.mktemp("laboratory"), 40_000, SEED)


@pytest.fixture
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings with a home of the test's own; no database is asked."""
    monkeypatch.setenv("AUYL_HOME", str(tmp_path / "home"))
    return from_environment()
