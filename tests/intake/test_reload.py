"""Rules change and are taken back: the batch that fits the rules of today counts, and nothing else moves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from auyl import intake, ledger
from auyl.errors import AuylError
from auyl.intake.reload import reload
from auyl.intake.withdraw import withdraw
from auyl.settings import Settings
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from tests.extracts import PERIOD, ambulance_csv, call, iin, social_csv, social_row

WHY = ledger.Decision("rule of the ministry of 12 November", "aigerim")
ROWS = [social_row(n) for n in range(1, 41)]
# Nine rows of forty are above this amount of tenge.
HIGH = [social_row(n, **{"СУММА, ТЕНГЕ": "90 000,00"}) for n in range(41, 43)]
Rules = Callable[..., Settings]
Taken = Callable[..., intake.BatchResult]


@pytest.fixture
def rules(settings: Settings, tmp_path: Path) -> Iterator[Rules]:
    """The installation under other rules: a limit of the amount, or another text of the suites."""

    def under(limit: int = 5000000, extra: str = "") -> Settings:
        folder = tmp_path / f"expectations {limit}{extra}"
        folder.mkdir(exist_ok=True)
        for path in settings.expectations.glob("*.json"):
            (folder / path.name).write_text(path.read_text("utf-8").replace("5000000", str(limit)) + extra, "utf-8")
        return replace(settings, expectations=folder)

    yield under


@pytest.fixture
def take_in(settings: Settings, tmp_path: Path) -> Taken:
    def run(rows: list[list[str]], under: Settings = settings, period: str = PERIOD, **more: Any) -> intake.BatchResult:
        file = tmp_path / f"s_{period}.csv"
        year, month = period.split("-")
        file.write_bytes(social_csv(rows).replace(b"10.2026", f"{month}.{year}".encode()))
        return intake.load(intake.land_files("social_assistance", period, [file], under, **more), under)

    return run


def current(settings: Settings, period: str = PERIOD) -> list[int | None]:
    return [b.batch_id for b in ledger.current_batches(settings, "social_assistance", period)]


def rows_of(settings: Settings, table: str) -> int:
    with transaction(settings) as con:
        return int(con.execute(text(f"select count(*) from {table}")).scalar_one())


def test_a_rule_that_is_taken_back_brings_its_batch_back(take_in: Taken, rules: Rules, settings: Settings) -> None:
    first = take_in([*ROWS, *HIGH])
    second = intake.load(first.delivery_id, rules(80_000))
    assert (first.staged, second.staged, current(settings)) == (42, 40, [second.batch_id])
    back = intake.load(first.delivery_id, settings)
    assert (back.status, back.batch_id, back.staged) == ("accepted", first.batch_id, 42)
    assert current(settings) == [first.batch_id]
    assert intake.load(first.delivery_id, settings).status == "unchanged"
    # and forth, and a third time under rules that were never used
    assert intake.load(first.delivery_id, rules(80_000)).batch_id == second.batch_id
    third = intake.load(first.delivery_id, rules(70_000))
    assert current(settings) == [third.batch_id] and third.batch_id not in (first.batch_id, second.batch_id)
    assert ledger.accepted(settings, PERIOD, PERIOD)[0].batch_id == third.batch_id


def test_a_reload_judges_what_was_landed_once_and_says_why(take_in: Taken, rules: Rules, settings: Settings) -> None:
    made = [take_in([*ROWS, *HIGH], period=period) for period in ("2026-08", "2026-09", PERIOD)]
    stricter = rules(80_000)
    looks, order = rows_of(settings, "ledger.look"), [row["delivery_id"] for row in ledger.extracts(settings, [])]
    september = list(reload(stricter, WHY, "social_assistance", "2026-09"))
    assert [(r.period, r.status, r.staged) for r in september] == [("2026-09", "accepted", 40)]
    assert current(settings, "2026-08") == [made[0].batch_id], "no other period is touched"
    assert [r.status for r in reload(stricter, WHY)] == ["accepted", "unchanged", "accepted"]
    assert [r.status for r in reload(stricter, WHY)] == ["unchanged"] * 3
    with transaction(settings) as con:
        acts = con.execute(text("select principal, object, purpose from access.audit where action = 'reload_batch'"))
        assert {tuple(act) for act in acts} == {
            ("aigerim", f"social_assistance {period} batch {b}", WHY.reason)
            for period in ("2026-08", "2026-09", PERIOD)
            for b in current(settings, period)
        }
        told = con.execute(text("select count(*) from ledger.judgement where reason is not null")).scalar()
    assert told == 3
    assert rows_of(settings, "ledger.look") == looks and rows_of(settings, "ledger.delivery") == 3
    assert [row["delivery_id"] for row in ledger.extracts(settings, [])] == order
    list(reload(settings, WHY))
    assert [current(settings, r.period) for r in made] == [[r.batch_id] for r in made]


def test_the_order_of_extracts_survives_a_reload(take_in: Taken, rules: Rules, settings: Settings) -> None:
    older, newer = take_in([*ROWS, *HIGH]), take_in(ROWS)
    list(reload(rules(80_000), WHY))
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    assert batch.delivery_id == newer.delivery_id
    # The older delivery alone is judged last, and still comes after the newer one.
    intake.load(older.delivery_id, settings)
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    assert batch.delivery_id == newer.delivery_id
    withdraw(settings, batch.batch_id, "wrong month", "aigerim")
    assert current(settings) == [older.batch_id]
    assert [r.status for r in reload(rules(80_000), WHY)] == ["accepted", "withdrawn"]


def test_what_the_rules_refuse_keeps_its_batch_and_is_written_down_once(
    take_in: Taken, rules: Rules, settings: Settings
) -> None:
    first = take_in(ROWS)
    for _ in range(2):
        (result,) = reload(rules(40_000), WHY)
        assert (result.status, result.batch_id) == ("refused", first.batch_id)
        assert "amount_kzt_in_range 40" in str(result.refusal)
    assert rows_of(settings, "ledger.refusal") == 1
    assert current(settings) == [first.batch_id]
    (row,) = ledger.extracts(settings, [])
    assert row["state"] == "current"


def test_a_refused_extract_is_accepted_when_the_rule_is_corrected(
    take_in: Taken, rules: Rules, settings: Settings
) -> None:
    refused = take_in(ROWS, rules(40_000))
    assert refused.status == "refused" and current(settings) == []
    (result,) = reload(settings, WHY)
    assert (result.status, result.staged) == ("accepted", 40)
    assert current(settings) == [result.batch_id]


def test_corrected_rows_follow_their_extract_through_the_rules(
    take_in: Taken, rules: Rules, settings: Settings, tmp_path: Path
) -> None:
    bad = social_row(50, ИИН="123456789012")
    first = take_in([*ROWS, *HIGH, bad])
    (file,) = intake.write_handback(settings, "social_assistance")
    returned = tmp_path / Path(file.path).name
    text_of = Lake(settings.lake).read(file.path).decode("utf-8-sig").replace("123456789012", iin(50))
    returned.write_text(text_of, encoding="utf-8-sig")
    corrected = intake.load(intake.land_files("social_assistance", PERIOD, [returned], settings), settings)
    assert (corrected.status, corrected.staged) == ("accepted", 43)
    stricter = rules(80_000)
    assert [r.status for r in reload(stricter, WHY)] == ["accepted", "accepted"]
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    assert (batch.delivery_id, batch.staged, batch.quarantined) == (corrected.delivery_id, 41, 2)
    list(reload(settings, WHY))
    assert current(settings) == [corrected.batch_id] != [first.batch_id]


def test_changes_count_under_the_rules_of_today(settings: Settings, rules: Rules, tmp_path: Path) -> None:
    results = []
    for numbers in (range(1, 21), range(15, 41)):
        file = tmp_path / "calls.csv"
        file.write_bytes(ambulance_csv([call(n) for n in numbers]))
        results.append(intake.load(intake.land_files("ambulance", PERIOD, [file], settings), settings))
    assert [r.status for r in reload(rules(extra="\n"), WHY, "ambulance")] == ["accepted", "accepted"]
    list(reload(settings, WHY, "ambulance", PERIOD))
    counted = ledger.current_batches(settings, "ambulance", PERIOD, is_delta=True)
    assert [b.batch_id for b in counted] == [r.batch_id for r in results]


def test_one_delivery_that_fails_does_not_stop_the_others(take_in: Taken, rules: Rules, settings: Settings) -> None:
    lost = take_in(ROWS, period="2026-09")
    take_in(ROWS[:-1])
    Lake(settings.lake).remove(ledger.delivery(settings, lost.delivery_id).landing_path)
    stricter = rules(80_000)
    assert [r.status for r in reload(stricter, WHY)] == ["failed", "accepted"]


@pytest.mark.parametrize(
    ("registry", "period", "reason"), [(None, None, " "), ("nosuch", None, "x"), (None, "2020-01", "x")]
)
def test_a_reload_of_nothing(settings: Settings, registry: str | None, period: str | None, reason: str) -> None:
    with pytest.raises(AuylError, match=r"expected a reason|no contract for registry «nosuch»|expected landed"):
        reload(settings, ledger.Decision(reason, "aigerim"), registry, period)
