"""The store alone opens connections to the serving database."""

import re
from pathlib import Path

import pytest

from auyl.store.postgres import unchecked_engine

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


def test_a_connection_is_named_by_its_command_and_by_none_of_its_values(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every login of the server may read the names of all connections."""
    monkeypatch.setattr("sys.argv", ["/bin/auyl", "extracts", "withdraw", "201", "--reason", "amounts of Айгерим"])
    with unchecked_engine(dsn).connect() as con:
        assert con.exec_driver_sql("show application_name").scalar() == "auyl extracts withdraw"
    monkeypatch.setattr("sys.argv", ["/bin/auyl", "build", "--period", "2026-10"])
    with unchecked_engine(dsn).connect() as con:
        assert con.exec_driver_sql("show application_name").scalar() == "auyl build"
