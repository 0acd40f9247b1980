"""docs/adding.md: an indicator, a theme and a rule are the files that it names, and no Python."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from auyl import ledger, pipeline
from auyl.settings import REPOSITORY, Settings
from auyl.store.lake import Lake
from tests.snapshot.conftest import PERIOD
from tests.snapshot.queries import query

GUIDE = (REPOSITORY / "docs" / "adding.md").read_text("utf-8")
BLOCK = re.compile(r"^(Insert into|Append to|Create) `([^`]+)`(?: after `([^`]+)`)?:\n\n```\w+\n(.*?)```", re.M | re.S)


@pytest.fixture
def extended(installation: Settings, tmp_path: Path) -> Settings:
    """The installation with every block of the guide applied to a copy of the folders."""
    for folder in ("include", "expectations"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    blocks = BLOCK.findall(GUIDE)
    assert len(blocks) == GUIDE.count("\n```") // 2 == 5
    for action, name, anchor, block in blocks:
        path = tmp_path / name
        if action == "Create":
            path.write_text(block, "utf-8")
        elif action == "Append to":
            path.write_text(path.read_text("utf-8").rstrip() + "\n" + block, "utf-8")
        else:
            before, found, after = path.read_text("utf-8").partition(anchor)
            assert found, f"{name} has no «{anchor}»"
            path.write_text(f"{before}{anchor}\n{block.rstrip()}{after}", "utf-8")
    return replace(installation, include=tmp_path / "include", expectations=tmp_path / "expectations")


def test_what_the_guide_adds_is_published(extended: Settings, oblast: Path) -> None:
    result = pipeline.run(extended, PERIOD, oblast, say=lambda _: None)
    assert result.status == "published", result
    added = "'livestock.pigs', 'elders.per_1000'"
    rows = query(extended, f"select indicator_id, value, numerator, denominator from serving.snapshot_value "
                           f"where indicator_id in ({added}) and level = 'okrug'")  # fmt: skip
    assert len(rows) == 2 * 131
    shares = [row for row in rows if row.indicator_id == "elders.per_1000" and row.value is not None]
    assert shares and all(abs(row.value - 1000 * row.numerator / row.denominator) < 0.06 for row in shares)
    assert sum(row.numerator for row in shares) > 0

    (batch,) = ledger.current_batches(extended, "livestock", PERIOD)
    stage = Lake(extended.lake).address(batch.stage_path)
    ((marked, broken),) = duckdb.sql(
        "select count(*) filter (where list_contains(_warned, 'tested_but_not_vaccinated')), "
        "count(*) filter (where tested_on is not null and vaccinated_on is null "
        f"and not coalesce(list_contains(_warned, 'vaccinated_on_not_ahead'), false)) from '{stage}'"
    ).fetchall()
    assert marked == broken > 0
