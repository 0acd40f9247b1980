"""What intake made of a synthetic extract, held against the truth beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import duckdb

from auyl import contracts, intake, ledger
from auyl.intake.batch import BatchResult
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import assert_judged

Place = tuple[str, int]


@dataclass(frozen=True)
class Taken:
    """A batch with its rows by (file, number of the row in it, the heading not counted), as the truth counts them.

    `stage` are the staged rows, `quarantined` the rules that each row broke, `duplicates` the repetitions left out.
    """

    settings: Settings
    oblast: Oblast
    registry: str
    result: BatchResult
    stage: dict[Place, dict[str, Any]]
    quarantined: dict[Place, list[str]]
    duplicates: set[Place]


def take_in(settings: Settings, oblast: Oblast, registry: str) -> Taken:
    """Land and load the extract of `registry`; raises AssertionError when it is refused."""
    period = oblast.summary.period
    files = sorted(oblast.folder(registry).iterdir())
    result = intake.load(intake.land_files(registry, period, files, settings), settings)
    assert result.status == "accepted", result.refusal
    lake = Lake(settings.lake)
    contract = contracts.load(registry, settings.include)
    batch = ledger.find_batch(settings, result.delivery_id)
    assert batch is not None
    stage = _rows(lake.address(batch.stage_path))
    rejected = _rows(lake.address(batch.quarantine_path))
    number = _numbering(contract.format, stage, rejected)
    return Taken(
        settings,
        oblast,
        registry,
        result,
        {number(row): row for row in stage},
        {number(row): list(row["_rules"]) for row in rejected if row["_outcome"] != "duplicate"},
        {number(row) for row in rejected if row["_outcome"] == "duplicate"},
    )


def _rows(address: str) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        found = con.execute("from read_parquet(?)", [address])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _numbering(format: str, stage: list[dict[str, Any]], rejected: list[dict[str, Any]]) -> Any:
    """How a row of stage or quarantine is numbered in the truth.

    The records of a workbook are the rows that Excel shows. A line that cannot be read never became
    a row, and the records after it count on without it.
    """
    heading = {"csv": 1}.get(format, 0)
    rows: dict[str, list[int]] = defaultdict(list)
    lost: dict[str, list[int]] = defaultdict(list)
    for row in [*stage, *rejected]:
        rows[row["_file"]].append(row["_record"] or row["_line"])
        if row["_record"] is None:
            lost[row["_file"]].append(row["_line"])

    def number(row: dict[str, Any]) -> Place:
        file, record = row["_file"], row["_record"]
        if format in ("xlsx", "xls"):
            return file, (record or row["_line"]) - min(rows[file]) + 1
        if record is None:
            return file, row["_line"] - heading
        for line in sorted(lost[file]):
            if line <= record + heading:
                record += 1
        return file, record

    return number


def assert_faults_are_judged(taken: Taken) -> None:
    """Every faulty row got what intake owes to it."""
    assert taken.result.rows_in == taken.oblast.summary.total(taken.registry)
    assert_judged(taken.registry, taken.oblast.extracts, taken.settings, taken.result)


def corrected(taken: Taken, clean: Taken, columns: dict[str, str], id_column: str, but: tuple[str, ...] = ()) -> None:
    """Every row with a fault of the outcome `corrected` is staged with the value that the clean extract has.

    `columns` are the names in stage by the names in the file; `id_column` is the stage column of the truth's `id`;
    kinds in `but` are left out.
    """
    good: dict[tuple[str, str], set[Any]] = defaultdict(set)
    for row in clean.stage.values():
        for name in columns.values():
            good[row[id_column], name].add(row[name])
    faults = [fault for fault in taken.oblast.faults(taken.registry) if fault["outcome"] == "corrected"]
    faults = [fault for fault in faults if fault["kind"] not in but]
    assert faults
    for fault in faults:
        row = taken.stage[fault["file"], fault["record"]]
        name = columns[fault["column"]]
        assert row[name] in good[fault["id"], name], (fault, row[name])
