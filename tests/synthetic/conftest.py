"""A small oblast for all tests of this room."""

from collections.abc import Callable
from typing import Any

import pytest

from auyl.synthetic import make
from tests.synthetic.readers import PEOPLE, PERIOD, Oblast


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Oblast]:
    """Make an oblast in a folder of its own."""

    def run(period: str = PERIOD, people: int = PEOPLE, **options: Any) -> Oblast:
        folder = tmp_path_factory.mktemp("oblast")
        return Oblast(folder, make(folder, period, people, **options))

    return run


@pytest.fixture(scope="session")
def oblast(build: Callable[..., Oblast]) -> Oblast:
    """The oblast with five times the usual dirt, so that a small one has every kind; a registry of a dozen rows needs
    more repeated ones."""
    return build(dirt={"*": 5, "rca_missing": 0.1, "exact_duplicate": 0.2})


@pytest.fixture(scope="session")
def clean(build: Callable[..., Oblast]) -> Oblast:
    """The same oblast without dirt."""
    return build(dirt=0)
