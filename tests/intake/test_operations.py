"""Random operations: deliveries, corrections, withdrawals, rules, editions, reloads, builds, killed processes.

More of them: `python -m tests.intake.operations 1000 SEED`.
"""

import os
from pathlib import Path

import pytest

from lab import synthetic
from tests.conftest import fresh_database
from tests.intake.operations import prepare, run

# How many: a thousand on a quiet machine takes minutes.
OPERATIONS = int(os.environ.get("AUYL_TEST_OPERATIONS", "50"))

pytestmark = pytest.mark.slow


def test_what_is_current_could_be_made_from_nothing(postgres_server: str, tmp_path: Path) -> None:
    synthetic.make(tmp_path / "oblast", "2026-10", 300)
    work = tmp_path / "work"
    work.mkdir()
    with fresh_database(postgres_server) as tested, fresh_database(postgres_server) as clean:
        world = prepare((tested, clean), work, tmp_path / "oblast" / "reference")
        counts = run(world, work, OPERATIONS, seed=11)
    assert counts["compared"] > 0 and sum(counts.values()) >= OPERATIONS
