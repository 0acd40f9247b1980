"""Small synthetic oblasts for the tests of the laboratory."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.synthetic import make
from tests.conftest import Once
from tests.lab.synthetic.readers import PEOPLE, PERIOD, Oblast


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Oblast]:
    """Make an oblast in a new folder."""

    def run(period: str = PERIOD, people: int = PEOPLE, **options: Any) -> Oblast:
        folder = tmp_path_factory.mktemp("oblast")
        return Oblast(folder, make(folder, period, people, **options))

    return run


@pytest.fixture(scope="session")
def oblast(once: Once) -> Oblast:
    """The oblast with five times the default rates of faults, so that a small one has every kind.

    Duplicates are more frequent still, for registries of a dozen rows.
    """
    dirt = {"*": 5, "rca_missing": 0.1, "exact_duplicate": 0.2}
    return Oblast(*once("synthetic-dirty", lambda folder: make(folder, PERIOD, PEOPLE, dirt=dirt)))


@pytest.fixture(scope="session")
def clean(once: Once) -> Oblast:
    """The same oblast without faults."""
    return Oblast(*once("synthetic-clean", lambda folder: make(folder, PERIOD, PEOPLE, dirt=0)))
