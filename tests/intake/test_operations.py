"""Random operations: deliveries, corrections, withdrawals, rules, indicators, editions, reloads, builds, releases,
rollbacks; a third of them in a process that is killed within.

More of them: `python -m tests.intake.operations 1000 SEED`.
"""

import os
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.intake.installations import prepare
from tests.intake.operations import run

# How many: a thousand on a quiet machine takes minutes.
OPERATIONS = int(os.environ.get("AUYL_TEST_OPERATIONS", "60"))

pytestmark = pytest.mark.slow


def test_what_is_current_could_be_made_from_nothing(postgres_server: str, tmp_path: Path) -> None:
    with fresh_database(postgres_server) as tested, fresh_database(postgres_server) as clean:
        world = prepare((tested, clean), tmp_path)
        counts = run(world, OPERATIONS, seed=119)
    assert counts["compared"] > 0 and sum(counts.values()) >= OPERATIONS
    done = {name for name, count in counts.items() if count}
    assert done > {
        "deliver", "correct", "withdraw", "restore", "adopt", "retire", "change rule", "change indicator", "reload",
        "take back", "published", "refused", "release", "rollback", "forward",
    }  # fmt: skip
    assert sum(count for name, count in counts.items() if name.endswith("killed")) >= OPERATIONS / 10
