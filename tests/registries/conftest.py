"""One oblast with much dirt and one without, for all registries."""

from pathlib import Path

import pytest

from auyl import synthetic
from tests.registries.truth import PERIOD

PEOPLE = 20_000


@pytest.fixture(scope="session")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts with five times the usual dirt."""
    folder = tmp_path_factory.mktemp("spoiled")
    synthetic.make(folder, PERIOD, PEOPLE, dirt={"*": 5, "rca_missing": 0.1})
    return folder


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts without dirt."""
    folder = tmp_path_factory.mktemp("clean")
    synthetic.make(folder, PERIOD, PEOPLE, dirt=0)
    return folder
