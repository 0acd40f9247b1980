"""Small good extracts of every contract that the generator feeds, and of formats that no contract has yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auyl import contracts
from auyl.contracts import Contract
from auyl.contracts.options import JsonOptions
from auyl.settings import REPOSITORY, Settings
from lab.synthetic import REGISTRIES, make
from tests.formats import derived
from tests.formats.fuzz import tables

PERIOD = "2026-10"
PEOPLE, ROWS = 1000, 60
# New registry, its base, its format: the base's rows written in another way.
DERIVED = (
    ("employment_lines", "employment", {"format": "jsonl"}),
    ("employment_places", "employment", {"format": "geojson"}),
    ("employment_comma", "employment", {"format": "csv", "delimiter": ","}),
    ("livestock_old", "livestock", {"format": "xls"}),
    ("social_assistance_zip", "social_assistance", {"format": "csv", "archive": "zip", "memberPattern": "*.csv"}),
)


@dataclass(frozen=True)
class Sample:
    """A good extract: its contract and files. `files` holds the members of an archive."""

    contract: Contract
    files: dict[str, bytes]

    @property
    def is_zipped(self) -> bool:
        """Is it delivered as an archive?"""
        return self.contract.archive is not None

    @property
    def states_period(self) -> bool:
        """Does the extract state its period, and do contract or suite check it?"""
        suite = (REPOSITORY / "expectations" / f"{self.contract.suite}.json").read_text("utf-8")
        return "period" in self.contract.envelope or "<> _period" in suite


def samples(settings: Settings, folder: Path, only: Sequence[str] = ()) -> tuple[Settings, list[Sample]]:
    """Settings that know the derived contracts, and the samples, `only` those of some registries."""
    make(folder / "oblast", PERIOD, PEOPLE)
    include = derived.include_with(folder, *((name, base, dict(options)) for name, base, options in DERIVED))
    settings = replace(settings, include=include)
    found = {}
    for registry in sorted(one.name for one in REGISTRIES):
        contract = contracts.load(registry, include)
        files = sorted(path for path in (folder / "oblast" / PERIOD / registry).iterdir() if path.is_file())
        # Pages state their number and the items of all: one page is an extract of its own, some of several are not.
        files = files[:1] if contract.format == "json" else files
        found[registry] = Sample(contract, {path.name: _small(contract, path.read_bytes()) for path in files})
    for registry, base, _ in DERIVED:
        contract = contracts.load(registry, include)
        table = tables.load(found[base].contract, next(iter(found[base].files.values())))
        if contract.format == "geojson":
            table = replace(
                table, around=({"type": "FeatureCollection"}, {"type": "Point", "coordinates": [77.25, 43.5]})
            )
        if contract.format == "csv" and table.around not in ("\n", "\r\n"):
            table = replace(table, around="\n")
        found[registry] = Sample(contract, {f"{registry}.{contract.format}": tables.dump(contract, table)})
    return settings, [sample for name, sample in found.items() if not only or name in only]


def _small(contract: Contract, content: bytes) -> bytes:
    if len(content) <= 20_000 and contract.format != "json":
        return content
    table = tables.load(contract, content).head(ROWS)
    if contract.format == "json":
        table = replace(table, around={**table.around, contract.options(JsonOptions).pages: 1})
    return tables.dump(contract, table)
