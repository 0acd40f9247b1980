"""Two installations for the machine of operations: the one under test, and one that is made from nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from auyl import ledger
from auyl.settings import Settings
from auyl.store.postgres import transaction
from auyl.territory.reference import load_territory
from tests.conftest import empty_tables, fresh_installation
from tests.intake import commands
from tests.intake.current_model import EDITIONS, LIMITS, Extract, Model
from tests.territory.conftest import CROSSWALK, KATO

# In the second edition, one of the two villages of this name is left: people of whom the first does not say where
# they live have an okrug.
ABOLISHED = "194037200"


@dataclass
class Installations:
    """The installation under test, and one in which what is current is made from nothing; both know two editions."""

    tested: Settings
    clean: Settings
    folder: Path

    def begin(self) -> None:
        """Empty the installation under test; the first edition is adopted."""
        _empty(self.tested, self.folder)
        with transaction(self.tested) as con:
            ledger.add_edition_decision(con, EDITIONS[0], True, None, "the first one", commands.WHO)

    def clean_again(self, model: Model) -> Settings:
        """The other installation, emptied, with what counts for the model and nothing else."""
        _empty(self.clean, self.folder)
        for registry, period in sorted(model.refusals):
            ledger.add_refusal(self.clean, registry, period, "refused", {})
        for extract in model.clean():
            self._take_in(extract, extract.judged_under)
        return replace(under(self.clean, self.folder, model.limit, model.scale), kato_edition=model.edition)

    def _take_in(self, extract: Extract, limit: int) -> None:
        """Take an extract in under the rules that it was judged by, and before it what it corrects."""
        if extract.corrects:
            self._take_in(extract.corrects, extract.corrects_under)
        settings = replace(under(self.clean, self.folder, limit, "0.001"), kato_edition=EDITIONS[0])
        if extract.corrects:
            batch = commands.correct(settings, self.folder, extract.period)
        else:
            batch = commands.take_in(settings, self.folder, extract.registry, extract.period, extract.variant)
        assert batch is not None, extract


def prepare(dsns: tuple[str, str], folder: Path) -> Installations:
    """Two installations below `folder`, with the suites of the snapshot made to let tiny snapshots pass."""
    installations = []
    for name, dsn in zip(("tested", "clean"), dsns, strict=True):
        (folder / name).mkdir(mode=0o700)
        installations.append(fresh_installation(dsn, folder / name))
    tested, clean = installations
    for limit in LIMITS:
        _suites(tested.expectations, folder / f"rules {limit}", limit)
    for scale in ("0.001", "0.002"):
        include = Path(shutil.copytree(tested.include, folder / f"include {scale}"))
        theme = include / "indicators" / "social.yaml"
        theme.write_text(theme.read_text("utf-8").replace("scale: 0.001", f"scale: {scale}"), "utf-8")
    lines = KATO.splitlines()
    for edition, without in zip(EDITIONS, ("nothing", ABOLISHED), strict=True):
        kato, crosswalk = folder / f"{edition}.csv", folder / "crosswalk.csv"
        kato.write_text("\n".join(line for line in lines if not line.startswith(without)), "utf-8")
        crosswalk.write_text(CROSSWALK, "utf-8")
        load_territory(tested, kato, crosswalk, None, edition)
    shutil.copytree(folder / "tested" / "lake" / "reference", folder / "reference")
    return Installations(tested, clean, folder)


def _suites(source: Path, target: Path, limit: int) -> None:
    target.mkdir()
    for path in source.glob("*.json"):
        document = json.loads(path.read_text("utf-8").replace("5000000", str(limit)))
        if path.name == "snapshot.json":
            document["expectations"] = document["expectations"][:2]
        if path.name == "_batch.json":  # the shares of tiny extracts say nothing
            for item in document["expectations"]:
                item["kwargs"] |= {"min_value": 0, "max_value": 1000}
        (target / path.name).write_text(json.dumps(document), "utf-8")


def under(settings: Settings, folder: Path, limit: int, scale: str) -> Settings:
    """The installation with these rules and indicators."""
    return replace(settings, expectations=folder / f"rules {limit}", include=folder / f"include {scale}")


def _empty(settings: Settings, folder: Path) -> None:
    """Forget everything but the territory."""
    empty_tables(settings.dsn)
    shutil.rmtree(settings.lake, ignore_errors=True)
    Path(settings.lake).mkdir(mode=0o700)
    shutil.copytree(folder / "reference", Path(settings.lake) / "reference")
