"""When its period closes, a registry of changes is read whole once more, and what that finds is said."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

import duckdb
import psycopg2
import pytest

from auyl import contracts, intake, ledger
from auyl.intake import delivery, whole_reading
from auyl.intake.batch import BatchResult
from auyl.intake.withdraw import restore, withdraw
from auyl.periods import LOCAL
from auyl.settings import Settings
from auyl.stage import inputs
from auyl.stage.current import stage_view
from auyl.store.lake import Lake
from tests.extracts import CALL_HEADING, call

Execute = Callable[..., None]
# The clock of the database is the real one, so the periods are past ones.
PERIOD, NEXT = "2026-09", "2026-10"
DURING = datetime(2026, 9, 20, 12, tzinfo=LOCAL)
CLOSING = datetime(2026, 10, 1, 23, tzinfo=LOCAL)


@pytest.fixture
def execute(dsn: str) -> Iterator[Execute]:
    """Run a statement in the source database, which has an empty table of calls."""
    with contextlib.closing(psycopg2.connect(dsn)) as con:
        con.autocommit = True
        cursor = con.cursor()
        kinds = {
            "call_id": "bigint primary key",
            "category": "int",
            "received_at": "timestamp",
            "updated_at": "timestamp",
        }
        columns = ", ".join(f"{name} {kinds.get(name, 'text')}" for name in CALL_HEADING)
        cursor.execute(
            f"drop schema if exists dispatch cascade; create schema dispatch; create table dispatch.calls ({columns})"
        )
        yield cursor.execute


def insert(execute: Execute, number: int, at: str = "2026-09-05 08:00:00", updated_at: str | None = None) -> None:
    row = call(number, received_at=at, updated_at=updated_at or at, dispatched_at="", arrived_at="", finished_at="")
    execute(f"insert into dispatch.calls values ({', '.join(['%s'] * len(row))})", [value or None for value in row])


@pytest.fixture
def pull(dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., BatchResult]:
    """`pull(now, period)` takes in what a pull at that moment gives."""

    def taken_in(now: datetime, period: str = PERIOD) -> BatchResult:
        real = whole_reading.is_due
        with monkeypatch.context() as patch:
            patch.setattr(delivery.whole_reading, "is_due", lambda s, c, p, _: real(s, c, p, now))
            number = intake.pull("ambulance", period, lambda _: dsn, settings)
        return intake.load(number, settings)

    return taken_in


def current(settings: Settings, period: str = PERIOD) -> dict[str, int]:
    """Calls that count for a period, with their category."""
    contract = contracts.load("ambulance", settings.include)
    batches = ledger.current_batches(settings, "ambulance", period, is_delta=True)
    with contextlib.closing(duckdb.connect()) as con:
        stage_view(con, settings, Lake(settings.lake), contract, batches)
        return dict(con.execute("select call_id, category from stage_ambulance order by 1").fetchall())


def drifts(result: BatchResult) -> dict[str, str]:
    return {drift.kind: drift.found for drift in result.drifts if drift.kind.startswith("rows_")}


def arrived(settings: Settings, dsn: str, when: datetime) -> None:
    """Say that all deliveries so far arrived then."""
    with contextlib.closing(psycopg2.connect(dsn)) as con:
        con.cursor().execute("update ledger.delivery set arrived_at = %s", [when])
        con.commit()


def test_it_finds_what_watermarks_cannot_see(
    dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
) -> None:
    for number in range(1, 7):
        insert(execute, number, updated_at=f"2026-09-{number + 10} 08:00:00")
    assert pull(DURING).accepted
    insert(execute, 7, updated_at="2026-09-20 09:00:00")
    assert pull(DURING).staged == 2, "6 lies on the watermark"
    arrived(settings, dsn, DURING)
    execute("delete from dispatch.calls where call_id = 1")
    execute("update dispatch.calls set received_at = '2026-10-01 00:10:00' where call_id = 2")
    execute("update dispatch.calls set category = 4 where call_id = 3")
    insert(execute, 8, updated_at="2026-09-12 08:00:00")
    insert(execute, 9, updated_at="2026-09-28 08:00:00")
    assert current(settings) == dict.fromkeys("1234567", 2)

    whole = pull(CLOSING)
    assert current(settings) == {"3": 4, "4": 2, "5": 2, "6": 2, "7": 2, "8": 2, "9": 2}
    assert drifts(whole) == {
        "rows_gone": "2 rows deleted, or in another month now",
        "rows_late": "1 rows with an earlier time than their commit",
        "rows_changed": "1 rows changed without a later time",
    }
    assert {drift["kind"] for drift in ledger.drifts(settings, "ambulance", PERIOD)} >= set(drifts(whole))
    # From then on changes are enough again.
    assert pull(CLOSING).rows_in == 1, "9 lies on the watermark"
    insert(execute, 10, updated_at="2026-10-01 23:30:00")
    assert pull(CLOSING).staged == 2
    assert set(current(settings)) == {"3", "4", "5", "6", "7", "8", "9", "10"}


def test_nothing_hidden_is_no_drift(
    dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
) -> None:
    insert(execute, 1, updated_at="2026-09-05 09:00:00")
    pull(DURING)
    arrived(settings, dsn, DURING)
    insert(execute, 2, updated_at="2026-09-25 09:00:00")
    whole = pull(CLOSING)
    assert (whole.rows_in, drifts(whole)) == (2, {})


def test_a_refused_whole_reading_is_asked_for_again(
    dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
) -> None:
    insert(execute, 1, updated_at="2026-09-05 09:00:00")
    pull(DURING)
    arrived(settings, dsn, DURING)
    execute("update dispatch.calls set category = 9")
    assert pull(CLOSING).status == "refused"
    assert current(settings) == {"1": 2}
    execute("update dispatch.calls set category = 3")
    assert pull(CLOSING).accepted
    assert current(settings) == {"1": 3}


def test_the_bytes_of_earlier_changes_may_be_the_whole(
    dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
) -> None:
    insert(execute, 1, updated_at="2026-09-05 09:00:00")
    insert(execute, 2, updated_at="2026-09-10 09:00:00")
    pull(DURING)
    insert(execute, 3, updated_at="2026-09-15 09:00:00")
    changes = pull(DURING)
    assert changes.rows_in == 2
    arrived(settings, dsn, DURING)
    execute("delete from dispatch.calls where call_id = 1")
    assert pull(CLOSING).delivery_id == changes.delivery_id
    assert current(settings) == {"2": 2, "3": 2}


@pytest.mark.parametrize(
    ("now", "is_due"),
    [
        (datetime(2026, 9, 20, tzinfo=LOCAL), False),
        (datetime(2026, 10, 1, 22, 59, tzinfo=LOCAL), False),
        (datetime(2026, 10, 1, 23, 0, tzinfo=LOCAL), True),
        (datetime(2026, 11, 30, tzinfo=LOCAL), True),
    ],
)
def test_it_is_due_from_the_last_pull_before_the_deadline_on(settings: Settings, now: datetime, is_due: bool) -> None:
    contract = contracts.load("ambulance", settings.include)
    assert whole_reading.is_due(settings, contract, PERIOD, now) == is_due
    assert not whole_reading.is_due(settings, contracts.load("employment", settings.include), PERIOD, now)


class TestAKeyInOnePeriodOnly:
    """A row that moves to another month after its own was closed does not count twice."""

    LATER = datetime(2026, 10, 20, 12, tzinfo=LOCAL)

    def test_it_leaves_the_month_that_it_was_in(
        self, dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
    ) -> None:
        insert(execute, 1, "2026-09-05 08:00:00")
        insert(execute, 2, "2026-09-30 23:50:00")
        pull(CLOSING)
        insert(execute, 3, "2026-10-05 08:00:00")
        assert drifts(pull(self.LATER, NEXT)) == {}
        execute(
            "update dispatch.calls set received_at = '2026-10-01 00:05:00', updated_at = '2026-10-06 09:00:00' "
            "where call_id = 2"
        )
        moved = pull(self.LATER, NEXT)
        assert drifts(moved) == {"rows_moved": "1 rows of 2026-09 as well"}
        assert moved.periods == [NEXT, PERIOD]
        assert (set(current(settings)), set(current(settings, NEXT))) == ({"1"}, {"2", "3"})

    def test_it_may_come_back(
        self, dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
    ) -> None:
        insert(execute, 1, "2026-09-05 08:00:00")
        insert(execute, 2, "2026-09-30 23:50:00")
        pull(CLOSING)
        execute("update dispatch.calls set received_at = '2026-10-01', updated_at = '2026-10-06' where call_id = 2")
        pull(self.LATER, NEXT)
        execute("update dispatch.calls set received_at = '2026-09-30', updated_at = '2026-10-07' where call_id = 2")
        assert pull(self.LATER).periods == [PERIOD, NEXT]
        assert (set(current(settings)), set(current(settings, NEXT))) == ({"1", "2"}, set())

    def test_an_extract_that_was_withdrawn_meanwhile_counts_again_without_what_moved(
        self, dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
    ) -> None:
        insert(execute, 1, "2026-09-05 08:00:00")
        insert(execute, 2, "2026-09-30 23:50:00")
        former = pull(CLOSING)
        withdraw(settings, former.batch_id, "a doubt", "test")
        execute("update dispatch.calls set received_at = '2026-10-01', updated_at = '2026-10-06' where call_id = 2")
        assert drifts(pull(self.LATER, NEXT)) == {}, "no other extract counts"
        restored = restore(settings, former.batch_id, "no doubt", "test")
        assert [batch.batch_id for batch in restored.current] == [former.batch_id]
        assert (set(current(settings)), set(current(settings, NEXT))) == ({"1"}, {"2"})
        restore(settings, former.batch_id, "no doubt", "test")
        noted = [drift for drift in ledger.drifts(settings, "ambulance", PERIOD) if drift["kind"] == ledger.ROWS_MOVED]
        assert len(noted) == 1

    def test_what_is_made_of_the_former_month_is_made_again(
        self, dsn: str, settings: Settings, execute: Execute, pull: Callable[..., BatchResult]
    ) -> None:
        def digest() -> str:
            batches = {"ambulance": ledger.current_batches(settings, "ambulance", PERIOD, is_delta=True)}
            return inputs.digest(settings, Lake(settings.lake), batches, "2026", [])

        insert(execute, 1, "2026-09-05 08:00:00")
        insert(execute, 2, "2026-09-30 23:50:00")
        pull(CLOSING)
        before = digest()
        insert(execute, 3, "2026-10-05 08:00:00")
        pull(self.LATER, NEXT)
        assert digest() == before
        execute("update dispatch.calls set received_at = '2026-10-01', updated_at = '2026-10-06' where call_id = 2")
        pull(self.LATER, NEXT)
        assert digest() != before
