"""A small synthetic oblast, made once, and the whole path over it in one process."""

import shutil
from pathlib import Path

import pytest

from auyl import pipeline
from auyl.settings import Settings
from auyl.snapshot import BuildResult
from auyl.territory.reference import load_territory
from lab import CORE_REGISTRIES, synthetic
from tests.conftest import Once

PERIOD = "2026-10"
# Fewer leave some okrugs without a resident, which the gate does not let through.
PEOPLE = 12_000


@pytest.fixture(scope="session")
def oblast(once: Once) -> Path:
    """Extracts of a small oblast, dirt and truth with them."""
    return once("core_registries", core_registries)[0]


def core_registries(folder: Path) -> Path:
    """Make the oblast in `folder`, without registries that the snapshot does not rest on: they would only take time."""
    synthetic.make(folder, PERIOD, PEOPLE)
    return without_others(folder)


def without_others(folder: Path) -> Path:
    """Leave the six registries that the snapshot rests on."""
    for other in (folder / PERIOD).iterdir():
        if other.is_dir() and other.name not in CORE_REGISTRIES:
            shutil.rmtree(other)
    return folder


def know_territory(settings: Settings, oblast: Path) -> Settings:
    """Load the oblast's territory."""
    reference = oblast / "reference"
    load_territory(settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", None)
    return settings


@pytest.fixture
def installation(settings: Settings, oblast: Path) -> Settings:
    """An installation that knows the oblast's territory and has taken in nothing."""
    return know_territory(settings, oblast)


@pytest.fixture
def published(installation: Settings, oblast: Path) -> BuildResult:
    """The oblast taken in and published once."""
    result = pipeline.run(installation, PERIOD, oblast, say=lambda _: None)
    assert result.status == "published", result
    return result
