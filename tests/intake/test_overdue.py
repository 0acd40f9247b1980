"""An extract is overdue when its contract owes it by a day that has passed, no more and no less."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from auyl import contracts
from auyl.errors import ContractInvalid
from auyl.intake.overdue import DueDelivery, due_deliveries, is_closed
from auyl.periods import span_end
from auyl.settings import Settings
from tests.extracts import ambulance_csv, call, iin, social_csv, social_row
from tests.intake.conftest import TakeIn

Renamed = Callable[[str, dict[str, str]], Settings]


def social(month: str, count: int = 40) -> dict[str, bytes]:
    year, number = month.split("-")
    rows = [social_row(n, ПЕРИОД=f"{number}.{year}") for n in range(1, count + 1)]
    return {f"social_{month}.csv": social_csv(rows)}


def of(settings: Settings, registry: str, on: date) -> list[DueDelivery]:
    return [delivery for delivery in due_deliveries(settings, on) if delivery.registry == registry]


@pytest.fixture
def changed(settings: Settings, tmp_path: Path) -> Renamed:
    """Settings whose contract of a registry says other things."""

    def change(registry: str, texts: dict[str, str]) -> Settings:
        include = tmp_path / "include"
        shutil.copytree(settings.include, include)
        path = include / "contracts" / f"{registry}.odcs.yaml"
        content = path.read_text("utf-8")
        for old, new in texts.items():
            assert old in content
            content = content.replace(old, new)
        path.write_text(content, "utf-8")
        return replace(settings, include=include)

    return change


def test_every_contract_says_its_deadline_in_numbers() -> None:
    found = {c.registry: (c.frequency_months, c.latency_days) for c in contracts.load_all(Path("include"))}
    assert found["social_assistance"] == (1, 5)
    assert found["ambulance"] == (1, 1), "what comes hourly is asked for by the month"
    assert all(months >= 1 and days >= 1 for months, days in found.values())


@pytest.mark.parametrize("wrong", ["value: 1.5, unit: month", "value: 1, unit: moon", "value: 0, unit: month"])
def test_a_cadence_that_is_no_number_of_months_is_refused(changed: Renamed, wrong: str) -> None:
    settings = changed(
        "social_assistance", {"{property: frequency, value: 1, unit: month}": f"{{property: frequency, {wrong}}}"}
    )
    with pytest.raises(ContractInvalid, match="frequency"):
        contracts.load("social_assistance", settings.include)


@pytest.mark.parametrize(
    ("period", "months", "end"),
    [("2026-10", 1, "2026-10"), ("2026-10", 3, "2026-12"), ("2026-09", 3, "2026-09"), ("2026-07", 6, "2026-12"),
     ("2026-01", 12, "2026-12"), ("2026-12", 12, "2026-12")],
)  # fmt: skip
def test_spans_end_with_the_calendar(period: str, months: int, end: str) -> None:
    assert span_end(period, months) == end


def test_an_extract_is_overdue_from_the_day_after_its_deadline(take_in: TakeIn, settings: Settings) -> None:
    assert take_in("social_assistance", social("2026-09"), "2026-09").accepted
    assert [p.period for p in of(settings, "social_assistance", date(2026, 11, 5))] == ["2026-09"]
    *_, delivery = of(settings, "social_assistance", date(2026, 11, 6))
    assert (delivery.period, delivery.state, delivery.overdue_days) == ("2026-10", "overdue", 1)
    assert delivery.due_on == date(2026, 11, 5) and delivery.is_overdue
    *_, delivery = of(settings, "social_assistance", date(2026, 11, 20))
    assert delivery.overdue_days == 15


def test_an_accepted_extract_is_current_and_not_overdue(take_in: TakeIn, settings: Settings) -> None:
    take_in("social_assistance", social("2026-09"), "2026-09")
    take_in("social_assistance", social("2026-10"))
    found = of(settings, "social_assistance", date(2026, 11, 20))
    assert [(p.period, p.state, p.overdue_days) for p in found] == [
        ("2026-09", "current", 0),
        ("2026-10", "current", 0),
    ]


def test_a_month_left_out_between_two_stays_overdue_for_a_year(take_in: TakeIn, settings: Settings) -> None:
    take_in("social_assistance", social("2026-08"), "2026-08")
    take_in("social_assistance", social("2026-10"))
    found = of(settings, "social_assistance", date(2026, 11, 20))
    assert [p.period for p in found if p.is_overdue] == ["2026-09"]
    assert not [p for p in of(settings, "social_assistance", date(2028, 1, 20)) if p.period < "2027-01"]


def test_a_registry_of_which_nothing_ever_came_is_listed_once(settings: Settings) -> None:
    found = due_deliveries(settings, date(2026, 11, 20))
    assert [p.registry for p in found] == contracts.names(settings.include)
    assert {(p.state, p.reason) for p in found} == {("overdue", "nothing ever came")}
    spans = {c.registry: c.frequency_months for c in contracts.load_all(settings.include)}
    newest = {1: "2026-10", 3: "2026-09", 6: "2026-06", 12: "2025-12"}
    assert {p.registry: p.period for p in found} == {name: newest[months] for name, months in spans.items()}


def test_a_refused_extract_says_why_without_its_content(take_in: TakeIn, settings: Settings) -> None:
    number = iin(7)
    assert not take_in("social_assistance", {f"{number}.csv": social_csv([], heading=f"{number};x")}).accepted
    *_, delivery = of(settings, "social_assistance", date(2026, 11, 20))
    assert delivery.state == "refused" and delivery.reason is not None
    assert "expected a required column" in delivery.reason and "ИИН" in delivery.reason
    assert number not in delivery.reason


def test_a_refused_correction_does_not_make_a_current_extract_overdue(take_in: TakeIn, settings: Settings) -> None:
    take_in("social_assistance", social("2026-10"))
    assert not take_in("social_assistance", social("2026-09"), "2026-10").accepted
    assert [p.state for p in of(settings, "social_assistance", date(2026, 11, 20))] == ["current"]


def test_where_the_contract_lets_it_an_older_extract_counts_meanwhile(take_in: TakeIn, changed: Renamed) -> None:
    lines = {"\nschema:\n": "\ncustomProperties:\n  - {property: carryForwardMonths, value: 2}\nschema:\n"}
    carried = changed("social_assistance", lines)
    take_in("social_assistance", social("2026-08"), "2026-08")
    found = {p.period: p for p in of(carried, "social_assistance", date(2026, 12, 20))}
    assert [(p.state, p.counted_period) for p in found.values()] == [
        ("current", "2026-08"), ("carried_forward", "2026-08"), ("carried_forward", "2026-08"), ("overdue", None)
    ]  # fmt: skip
    assert found["2026-10"].is_overdue


def test_a_quarterly_registry_is_due_after_its_quarter_only(take_in: TakeIn, changed: Renamed) -> None:
    quarterly = changed("social_assistance", {"value: 1, unit: month": "value: 3, unit: month"})
    take_in("social_assistance", social("2026-05"), "2026-05")
    found = of(quarterly, "social_assistance", date(2026, 12, 31))
    assert [(p.period, p.state, p.counted_period) for p in found] == [
        ("2026-06", "current", "2026-05"), ("2026-09", "overdue", None)
    ]  # fmt: skip


def test_a_period_is_closed_when_the_newest_that_it_may_wait_for_was_due(changed: Renamed) -> None:
    monthly = contracts.load("social_assistance", Path("include"))
    assert not is_closed(monthly, "2026-10", date(2026, 11, 5))
    assert is_closed(monthly, "2026-10", date(2026, 11, 6))
    include = changed("social_assistance", {"value: 1, unit: month": "value: 3, unit: month"}).include
    quarterly = contracts.load("social_assistance", include)
    assert is_closed(quarterly, "2026-10", date(2026, 11, 6)), "of the fourth quarter nothing can have come"
    assert not is_closed(quarterly, "2026-12", date(2027, 1, 5))


def test_changes_pulled_before_the_period_ended_are_not_all_of_it(take_in: TakeIn, settings: Settings) -> None:
    calls = ambulance_csv([call(n) for n in range(1, 41)])
    take_in("ambulance", {"calls.csv": calls}, made=datetime(2026, 10, 20, tzinfo=UTC))
    *_, delivery = of(settings, "ambulance", date(2026, 11, 20))
    assert delivery.state == "overdue" and "2026-10-20" in str(delivery.reason)
    calls = ambulance_csv([call(n) for n in range(1, 42)])
    take_in("ambulance", {"calls.csv": calls}, made=datetime(2026, 11, 1, 3, tzinfo=UTC))
    *_, delivery = of(settings, "ambulance", date(2026, 11, 20))
    assert delivery.state == "current"
