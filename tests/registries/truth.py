"""What the truth says of the rows of an extract, beside what intake made of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from auyl import intake, ledger
from auyl.intake.quarantine import quarantine
from auyl.lake import Lake
from auyl.settings import Settings
from tests.synthetic.readers import Oblast

Place = tuple[str, int]


@dataclass
class Outcomes:
    """A batch, the rows by what is owed to them, and those that it kept back; a row is (file, line or number)."""

    batch: intake.BatchResult
    owed: dict[str, set[Place]]
    quarantined: dict[Place, str] = field(default_factory=dict)
    duplicates: set[Place] = field(default_factory=set)
    rows: int = 0

    @property
    def missed(self) -> set[Place]:
        """Rows that had to be quarantined and were not."""
        return self.owed["quarantined"] - set(self.quarantined)

    @property
    def false_alarms(self) -> dict[Place, str]:
        """Rows that were quarantined though nothing is wrong with them, with the rules that found fault."""
        return {at: rules for at, rules in self.quarantined.items() if at not in self.owed["quarantined"]}


def take_in(settings: Settings, oblast: Oblast, registry: str) -> intake.BatchResult:
    """Take in the extract of a registry as `auyl intake` does."""
    files = sorted(oblast.folder(registry).iterdir())
    made = datetime(2026, 11, 1, tzinfo=UTC)
    return intake.load(intake.land_files(registry, oblast.summary.period, files, settings, made), settings)


def outcomes(settings: Settings, oblast: Oblast, registry: str, heading_line: int) -> Outcomes:
    """Take in an extract and say what became of its rows. The first record stands below line `heading_line`."""
    batch = take_in(settings, oblast, registry)
    owed: dict[str, set[Place]] = {o: set() for o in ("quarantined", "duplicate", "warned", "mended", "kept")}
    for fault in oblast.faults(registry):
        owed[fault["outcome"]].add((fault["file"], fault["record"] + heading_line))
    result = Outcomes(batch, owed, rows=oblast.summary.total(registry))
    for row in quarantine(settings, registry).to_dict("records"):
        at = (row["_file"], int(row["_line"]))
        if row["_outcome"] == "duplicate":
            result.duplicates.add(at)
        else:
            result.quarantined[at] = row["_rules"]
    return result


def contents(oblast: Oblast, registry: str, places: set[Place], heading_line: int) -> Counter[tuple[str | None, ...]]:
    """The cells of rows, counted: of two equal rows either may be called the duplicate."""
    rows = oblast.rows(registry)
    return Counter(tuple(rows[file, line - heading_line].values()) for file, line in places)


def staged(settings: Settings, registry: str, period: str) -> list[dict[str, object]]:
    """Stage of the batch in force, in the order of the files."""
    (batch,) = ledger.in_force(settings, registry, period)
    with duckdb.connect() as con:
        found = con.execute(
            "from read_parquet(?) order by _file, _record", [Lake(settings.lake).address(batch.stage_path)]
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
