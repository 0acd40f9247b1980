"""Two months of a small synthetic oblast with their entities; records without a number and their ground truth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auyl import intake, ledger
from auyl.linkage.entities import build as entities
from auyl.linkage.entities import survivorship
from auyl.settings import Settings, from_environment
from auyl.store.lake import Lake
from auyl.territory.reference import load_territory
from lab import synthetic
from lab.synthetic import foreign_noise, keyless
from lab.synthetic.keyless import Laboratory
from tests.conftest import Once, fresh_installation

PERIODS = ("2026-09", "2026-10")
PERIOD = PERIODS[-1]
PEOPLE = 6_000
# Persons whose birth date ГБД ФЛ tells wrongly, so that a small oblast has some whom another registry knows too.
DIRT = {"birth_date_disagrees": 0.03}


@pytest.fixture(scope="session")
def oblast(once: Once) -> Path:
    """Extracts of all registries, dirt and truth with them."""

    def make(folder: Path) -> None:
        for period in PERIODS:
            synthetic.make(folder, period, PEOPLE, dirt=DIRT)

    return once("linkage", make)[0]


def know_territory(settings: Settings, oblast: Path) -> Settings:
    """Load the oblast's territory."""
    reference = oblast / "reference"
    load_territory(settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", None)
    return settings


def take_in(settings: Settings, files: list[Path], registry: str, period: str, **known: Any) -> None:
    """Land and load an extract; it must be accepted."""
    result = intake.load(intake.land_files(registry, period, files, settings, **known), settings)
    assert result.accepted, result.refusal


def extract(oblast: Path, registry: str, period: str) -> list[Path]:
    """Files of a registry's extract."""
    return sorted((oblast / period / registry).iterdir())


@pytest.fixture(scope="module")
def installation(dsn: str, oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation of the module's own that knows the oblast's territory."""
    return know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("installation")), oblast)


@pytest.fixture(scope="module")
def made(installation: Settings, oblast: Path) -> Settings:
    """The newest month of every registry that the tables name, and its entities."""
    for registry in registries(installation):
        take_in(installation, extract(oblast, registry, PERIOD), registry, PERIOD)
    assert all(one.is_new for one in entities.build(PERIOD, installation))
    return installation


def registries(settings: Settings) -> list[str]:
    """Registries that some kind of entity rests on."""
    return sorted({r for kind in survivorship.load_all(settings.include) for r in kind.registries})


@pytest.fixture
def lake_con(made: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with views of the sets and of stage: attribute_<kind>, stage_<registry>."""
    lake = Lake(made.lake)
    with duckdb.connect() as con:
        for one in entities.build(PERIOD, made):
            con.execute(f"create view attribute_{one.set.kind} as from read_parquet('{lake.address(one.set.path)}')")
        for registry in registries(made):
            (batch,) = ledger.current_batches(made, registry, PERIOD)
            con.execute(f"create view stage_{registry} as from read_parquet('{lake.address(batch.stage_path)}')")
        yield con


# Neither is the seed of training, nor that which its thresholds were set on.
SEED = 90_210


@pytest.fixture(scope="session")
def laboratory(once: Once) -> Laboratory:
    """40,000 persons, a tenth of them met without a number, all noise on."""
    return once("laboratory", lambda folder: keyless.make(folder, 40_000, SEED))[1]


@pytest.fixture(scope="session")
def foreign_laboratory(once: Once) -> Laboratory:
    """The same persons with the noise of another hand, of which training saw half of the variants."""
    return once("foreign_laboratory", lambda folder: foreign_noise.make(folder, 40_000, SEED))[1]


@pytest.fixture
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings with a home of the test's own; no database is asked."""
    monkeypatch.setenv("AUYL_HOME", str(tmp_path / "home"))
    return from_environment()
