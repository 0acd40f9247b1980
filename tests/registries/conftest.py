"""One dirty and one clean oblast for all registries, and what intake made of a registry's extract of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from auyl.synthetic import make
from tests.conftest import fresh_installation
from tests.registries.truth import Outcomes, outcomes, staged
from tests.synthetic.readers import PEOPLE, PERIOD, Oblast


@dataclass(frozen=True)
class Taken:
    """Extracts of a registry with five times the usual dirt and without any, taken in."""

    oblast: Oblast
    clean: Oblast
    dirty: Outcomes
    good: Outcomes
    stage: list[dict[str, object]]
    dirty_stage: list[dict[str, object]]


@pytest.fixture(scope="session")
def oblasts(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Oblast]:
    """Oblasts by their factor of dirt."""
    made = {}
    for dirt in (5, 0):
        folder = tmp_path_factory.mktemp("oblast")
        made[dirt] = Oblast(folder, make(folder, PERIOD, PEOPLE, dirt=dirt))
    return made


@pytest.fixture(scope="module")
def take(
    oblasts: dict[float, Oblast], dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, int], Taken]:
    """Take in a registry's two extracts, each into an empty installation."""

    def run(registry: str, heading_line: int) -> Taken:
        results = {}
        for dirt, oblast in oblasts.items():
            settings = fresh_installation(dsn, tmp_path_factory.mktemp("installation"))
            result = outcomes(settings, oblast, registry, heading_line)
            assert result.batch.status == "accepted", result.batch.refusal
            results[dirt] = (result, staged(settings, registry, PERIOD))
        return Taken(oblasts[5], oblasts[0], results[5][0], results[0][0], results[0][1], results[5][1])

    return run
