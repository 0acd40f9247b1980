"""Two small oblasts for all registries: one with five times the usual dirt and one without any."""

from pathlib import Path

import pytest

from lab.synthetic import make
from tests.conftest import Once, fresh_installation
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD
from tests.registries.taken import Taken, take_in

PEOPLE = 20_000


@pytest.fixture(scope="session")
def dirty_oblast(once: Once) -> Oblast:
    """The oblast with five times the usual dirt, so that a small one has every kind."""
    dirt = {"*": 5, "rca_missing": 0.1}
    return Oblast(*once("registries-dirty", lambda folder: make(folder, PERIOD, PEOPLE, dirt=dirt)))


@pytest.fixture(scope="session")
def clean_oblast(once: Once) -> Oblast:
    """The same oblast without dirt."""
    return Oblast(*once("registries-clean", lambda folder: make(folder, PERIOD, PEOPLE, dirt=0)))


@pytest.fixture(scope="session")
def spoiled(dirty_oblast: Oblast) -> Path:
    """Extracts with five times the usual dirt."""
    return dirty_oblast.extracts


@pytest.fixture(scope="session")
def clean(clean_oblast: Oblast) -> Path:
    """Extracts without dirt."""
    return clean_oblast.extracts


@pytest.fixture(scope="module")
def taken_dirty(dsn: str, dirty_oblast: Oblast, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """The dirty extract of the module's `registry`, taken in."""
    return take_in(fresh_installation(dsn, tmp_path_factory.mktemp("dirty")), dirty_oblast, registry)


@pytest.fixture(scope="module")
def taken_clean(dsn: str, clean_oblast: Oblast, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """The clean extract of the module's `registry`, taken in."""
    return take_in(fresh_installation(dsn, tmp_path_factory.mktemp("clean")), clean_oblast, registry)
