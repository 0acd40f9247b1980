"""A registry of changes that was looked at after the month's end is current, though there was nothing new."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from auyl import intake
from auyl.intake.overdue import due_deliveries
from auyl.settings import Settings
from auyl.store.postgres import autocommit
from tests.extracts import PERIOD, call
from tests.sources.test_sql import Execute, execute, insert

__all__ = ["execute"]  # a fixture


@pytest.fixture
def pulled_within_the_month(dsn: str, settings: Settings, execute: Execute) -> Settings:
    """An installation whose only pull of the month was on its twentieth day."""
    insert(execute, call(1), call(2))
    intake.load(intake.pull("ambulance", PERIOD, lambda _: dsn, settings), settings)
    with autocommit(settings) as con:
        for column, table in (("extracted_at", "delivery"), ("arrived_at", "delivery"), ("looked_at", "look")):
            con.execute(text(f"update ledger.{table} set {column} = '2026-10-20 10:00+05'"))
    return settings


def state(settings: Settings) -> tuple[str, str | None]:
    (due,) = [due for due in due_deliveries(settings, date(2026, 11, 20)) if due.registry == "ambulance"]
    return due.state, due.reason


def test_a_look_that_finds_nothing_new_ends_the_month(dsn: str, pulled_within_the_month: Settings) -> None:
    settings = pulled_within_the_month
    assert state(settings) == ("overdue", "last pulled on 2026-10-20, before the period had ended")
    intake.load(intake.pull("ambulance", PERIOD, lambda _: dsn, settings), settings)
    assert state(settings) == ("current", None)


def test_a_look_that_fails_does_not(pulled_within_the_month: Settings, tmp_path: Path) -> None:
    settings = pulled_within_the_month
    with pytest.raises(Exception, match="ambulance"):
        intake.pull("ambulance", PERIOD, lambda _: "postgresql://nobody:x@127.0.0.1:1/none", settings)
    assert state(settings)[0] == "overdue"
