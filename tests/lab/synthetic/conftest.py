"""A small oblast for all tests of this room."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.synthetic import make
from tests.conftest import Once
from tests.lab.synthetic.readers import PEOPLE, PERIOD, Oblast


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Oblast]:
    """Make an oblast in a folder of its own."""

    def run(period: str = PERIOD, people: int = PEOPLE, **options: Any) -> Oblast:
        folder = tmp_path_factory.mktemp("oblast")
        return Oblast(folder, make(folder, period, people, **options))

    return run


@pytest.fixture(scope="session")
def oblast(once: Once) -> Oblast:
    """The oblast with five times the usual dirt, so that a small one has every kind; a registry of a dozen rows needs
    more repeated ones."""
    dirt = {"*": 5, "rca_missing": 0.1, "exact_duplicate": 0.2}
    return Oblast(*once("synthetic-dirty", lambda folder: make(folder, PERIOD, PEOPLE, dirt=dirt)))


@pytest.fixture(scope="session")
def clean(once: Once) -> Oblast:
    """The same oblast without dirt."""
    return Oblast(*once("synthetic-clean", lambda folder: make(folder, PERIOD, PEOPLE, dirt=0)))
