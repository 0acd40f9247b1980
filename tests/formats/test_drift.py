"""Columns reordered, renamed, new or gone: every format takes or refuses them alike."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auyl import contracts, intake, ledger
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests import extracts
from tests.formats import derived

ROWS = [extracts.jobseeker(n, education=None if n % 3 else "среднее, «общее»; и т.д.") for n in range(1, 31)]
OPTIONS: dict[str, dict[str, Any]] = {
    "json": {"items": "items"},
    "xml": {"record": "data/rows/row"},
    "csv": {"delimiter": ","},
}
LoadRows = Callable[..., intake.BatchResult]


@pytest.fixture(params=[*derived.FORMATS, "zip"])
def format_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def load_rows(format_: str, settings: Settings, tmp_path: Path) -> LoadRows:
    """Write rows in the format and load them by the contract of jobseekers with that format."""
    inner = "csv" if format_ == "zip" else format_
    options = {"format": inner, **OPTIONS.get(inner, {}), "columns": {"iin": {"aliases": ["personalNumber"]}}}
    if format_ == "zip":
        options |= {"archive": "zip", "memberPattern": "*.csv"}
    include = derived.include_with(tmp_path, ("seekers", "employment", options))
    contracts.validate(include / "contracts" / "seekers.odcs.yaml")
    here = replace(settings, include=include)

    def run(rows: derived.Rows) -> intake.BatchResult:
        content = derived.write(inner, rows)
        if format_ == "zip":
            content = derived.zipped({f"ағымдағы/часть {n}.csv": derived.write("csv", rows) for n in range(1)})
        path = tmp_path / f"seekers.{format_}"
        path.write_bytes(content)
        return intake.load(intake.land_files("seekers", extracts.PERIOD, [path], here), here)

    return run


def staged(settings: Settings) -> list[tuple[Any, ...]]:
    """Staged rows without file and record."""
    (batch,) = ledger.current_batches(settings, "seekers", extracts.PERIOD)
    address = Lake(settings.lake).address(batch.stage_path)
    return duckdb.sql(f"select * exclude (_file, _record) from '{address}' order by jobseeker_id").fetchall()


def renamed(old: str, new: str) -> derived.Rows:
    return [{new if key == old else key: value for key, value in row.items()} for row in ROWS]


def test_reordered_columns_give_the_same_rows(load_rows: LoadRows, settings: Settings) -> None:
    assert load_rows(ROWS).staged == 30
    before = staged(settings)
    assert load_rows([dict(reversed(row.items())) for row in ROWS]).staged == 30
    assert staged(settings) == before
    assert before[0][before_columns(settings).index("kato")] == "194083100"


def before_columns(settings: Settings) -> list[str]:
    (batch,) = ledger.current_batches(settings, "seekers", extracts.PERIOD)
    return duckdb.sql(f"from '{Lake(settings.lake).address(batch.stage_path)}'").columns


def test_a_column_renamed_to_its_alias_is_read(load_rows: LoadRows, settings: Settings) -> None:
    load_rows(ROWS)
    before = staged(settings)
    result = load_rows(renamed("iin", "personalNumber"))
    assert (result.status, result.staged) == ("accepted", 30)
    assert staged(settings) == before


def test_a_missing_required_column_names_the_nearest_heading(load_rows: LoadRows, settings: Settings) -> None:
    result = load_rows(renamed("registeredAt", "registered_At"))
    assert result.status == "refused"
    assert "column «registeredAt»" in str(result.refusal) and "«registered_At»" in str(result.refusal)
    assert ledger.current_batches(settings, "seekers", extracts.PERIOD) == []


def test_an_unknown_column_is_reported(load_rows: LoadRows) -> None:
    result = load_rows([{**row, "note": "x", "extra": "1"} for row in ROWS])
    assert (result.status, result.notes["unknown_columns"]) == ("accepted", ["extra", "note"])


def test_a_missing_optional_column_is_null(load_rows: LoadRows, settings: Settings) -> None:
    result = load_rows([{k: v for k, v in row.items() if k != "settlement"} for row in ROWS])
    assert result.status == "accepted"
    assert {row[before_columns(settings).index("settlement_name")] for row in staged(settings)} == {None}
