"""The store alone opens connections to the serving database."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
OPENS = re.compile(r"psycopg2\.connect\(|create_engine\(|postgres import .*\bengine\b")


def test_no_other_module_opens_a_connection_to_the_serving_database() -> None:
    found = {
        module.relative_to(REPOSITORY).as_posix()
        for module in (REPOSITORY / "auyl").rglob("*.py")
        if OPENS.search(module.read_text(encoding="utf-8"))
    }
    assert {name for name in found if not name.startswith("auyl/store/")} == {"auyl/sources/sql.py"}  # foreign ones
    assert "auyl/store/postgres.py" in found
