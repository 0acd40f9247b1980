"""Intake starts by itself when a registry is due, for the period that is due; a backfill asks for the same periods."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from auyl import contracts, settings
from auyl.errors import ContractInvalid

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised by the import of Airflow

ALMATY = ZoneInfo("Asia/Almaty")


def runs(months: int, deadline_days: int, hourly: bool, after: str, count: int) -> list[tuple[str, str]]:
    """The next runs after a moment: local time and period."""
    from airflow.timetables.base import TimeRestriction
    from pendulum import instance

    from auyl_airflow.timetable import PeriodTimetable

    timetable = PeriodTimetable(months, deadline_days, hourly)
    restriction = TimeRestriction(instance(datetime.fromisoformat(after).replace(tzinfo=ALMATY)), None, True)
    found, last = [], None
    for _ in range(count):
        last = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
        assert last is not None and last.partition_date is not None
        assert timetable.resolve_partition_date(last.partition_key) == last.partition_date  # as of a run by hand
        found.append((f"{last.run_after.astimezone(ALMATY):%Y-%m-%d %H:%M}", last.partition_key))
    return found


@pytest.mark.parametrize(
    ("months", "deadline_days", "after", "expected"),
    [
        (1, 3, "2026-10-20", [("2026-11-04 02:00", "2026-10"), ("2026-12-04 02:00", "2026-11")]),
        (1, 10, "2026-12-20", [("2027-01-11 02:00", "2026-12")]),
        (1, 45, "2026-10-01", [("2026-10-18 02:00", "2026-08"), ("2026-11-18 02:00", "2026-09")]),
        (3, 15, "2026-10-20", [("2027-01-16 02:00", "2026-12"), ("2027-04-16 02:00", "2027-03")]),
        (6, 5, "2026-10-20", [("2027-01-06 02:00", "2026-12"), ("2027-07-06 02:00", "2027-06")]),
        (12, 30, "2026-10-20", [("2027-02-03 02:00", "2026-12")]),
    ],
)
def test_a_period_is_asked_for_once_when_its_deadline_has_passed(
    months: int, deadline_days: int, after: str, expected: list[tuple[str, str]]
) -> None:
    assert runs(months, deadline_days, False, after, len(expected)) == expected


def test_an_hourly_registry_is_asked_for_a_month_until_its_deadline() -> None:
    found = runs(0, 1, True, "2026-10-31T23:00:00", 50)
    assert found[:2] == [("2026-10-31 23:00", "2026-10"), ("2026-11-01 00:00", "2026-10")]
    assert found[24:26] == [("2026-11-01 23:00", "2026-10"), ("2026-11-02 00:00", "2026-11")]
    assert [key for _, key in runs(0, 1, False, "2026-11-01", 2)] == ["2026-10", "2026-11"]


@pytest.mark.parametrize(
    ("months", "hourly", "periods"),
    [
        (1, False, ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12"]),
        (0, True, ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12"]),
        (3, False, ["2026-09", "2026-12"]),
        (12, False, ["2026-12"]),
    ],
)
def test_a_backfill_runs_each_period_once(months: int, hourly: bool, periods: list[str]) -> None:
    from auyl_airflow.timetable import PeriodTimetable

    infos = list(
        PeriodTimetable(months, 3, hourly).iter_partition_dagrun_infos(
            earliest=datetime(2026, 7, 15, tzinfo=UTC), latest=datetime(2026, 12, 31, tzinfo=UTC)
        )
    )
    assert [info.partition_key for info in infos] == periods
    for info in infos:
        assert f"{info.partition_date.astimezone(ALMATY):%Y-%m-%d %H}" == f"{info.partition_key}-01 00"


def test_every_intake_is_due_by_its_contract_and_its_schedule_survives_serialization() -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    from auyl_airflow.timetable import due

    bag = DagBag(settings.REPOSITORY / "dags")
    for contract in contracts.load_all(settings.from_environment().include):
        dag = bag.dags[f"intake_{contract.registry}"]
        again = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))
        assert again.timetable.serialize() == due(contract).serialize()
        assert again.timetable.partitioned and not again.catchup


def test_a_cadence_that_nobody_can_schedule_fails_the_contract(tmp_path: Path) -> None:
    good = settings.REPOSITORY / "include" / "contracts" / "livestock.odcs.yaml"
    bad = tmp_path / good.name
    bad.write_text(good.read_text("utf-8").replace("value: 1, unit: month", "value: 2, unit: moon"), "utf-8")
    with pytest.raises(ContractInvalid, match="not 2 'moon'"):
        contracts.validate(bad)
    bad.write_text(good.read_text("utf-8").replace("value: 5, unit: d", "value: 5, unit: fathom"), "utf-8")
    contracts.model.read.cache_clear()
    with pytest.raises(ContractInvalid, match="not 5 'fathom'"):
        contracts.validate(bad)
