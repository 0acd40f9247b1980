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
PEOPLE, ROWS, OLD_BOOK_ROWS = 1000, 45, 20
KEPT_WHOLE_BYTES = 10_000
# Registries whose sample is an answer of several pages or parts, which state how many there are.
IN_PARTS = ("education", "taxes")
PARTS = 3
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
        # A workbook a district: two show what many would.
        files = files[:2]
        # Pages state their number and the items of all: one page is an extract of its own, some of several are not.
        files = files[:1] if contract.format == "json" else files
        small = {path.name: _small(contract, path.read_bytes()) for path in files}
        found[registry] = Sample(contract, _in_parts(contract, small) if registry in IN_PARTS else small)
    for registry, base, _ in DERIVED:
        contract = contracts.load(registry, include)
        table = tables.load(found[base].contract, next(iter(found[base].files.values())))
        if contract.format == "geojson":
            table = replace(
                table, around=({"type": "FeatureCollection"}, {"type": "Point", "coordinates": [77.25, 43.5]})
            )
        if contract.format == "xls":
            table = table.head(OLD_BOOK_ROWS)  # its reader takes a process and ten times the time
        if contract.format == "csv" and table.around not in ("\n", "\r\n"):
            table = replace(table, around="\n")
        found[registry] = Sample(contract, {f"{registry}.{contract.format}": tables.dump(contract, table)})
    return settings, [sample for name, sample in found.items() if not only or name in only]


def _small(contract: Contract, content: bytes) -> bytes:
    is_small = len(content) <= (20_000 if contract.format == "xlsx" else KEPT_WHOLE_BYTES)
    if is_small and contract.format != "json":
        return content
    table = tables.load(contract, content).head(ROWS)
    if contract.format == "json":
        table = _page(contract, table, 1, 1)
    return tables.dump(contract, table)


def _page(contract: Contract, table: tables.Table, number: int, pages: int) -> tables.Table:
    """A table as a page of several; it states the items of all pages, `table` being the first of them all."""
    options = contract.options(JsonOptions)
    stated = {options.page: number, options.pages: pages, options.total: len(table.rows) * pages}
    page = {key: stated.get(key, value) for key, value in table.around[0].items()}
    return replace(table, around=(page, len(table.rows)))


def _in_parts(contract: Contract, files: dict[str, bytes]) -> dict[str, bytes]:
    """The rows of the only file in several pages or parts of one size."""
    ((name, content),) = files.items()
    table = tables.load(contract, content)
    size = min(ROWS, len(table.rows)) // PARTS
    parts = {}
    for number in range(1, PARTS + 1):
        part = replace(table, rows=table.rows[(number - 1) * size : number * size])
        if contract.format == "json":
            parts[f"page-{number:05d}.json"] = tables.dump(contract, _page(contract, part, number, PARTS))
        else:
            written = tables.dump(contract, part).replace(b"<part>1<", b"<part>%d<" % number)
            parts[name.replace("part001", f"part{number:03d}")] = written.replace(b"<parts>1<", b"<parts>%d<" % PARTS)
    return parts
