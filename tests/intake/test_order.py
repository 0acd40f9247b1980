"""Which extract counts is decided by what can be known: its arrival, what it states of its age, and a person's word."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from auyl import intake, ledger
from auyl.errors import AuylError, ExtractRefused
from auyl.intake.withdraw import restore, withdraw
from auyl.periods import LOCAL, month_before, period_of
from auyl.settings import Settings
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from tests.extracts import PERIOD, ambulance_csv, call, iin, person, population_xml, social_csv, social_row

BAD = "123456789012"
ROWS = [social_row(n) for n in range(1, 41)]
DAY = datetime(2026, 11, 1, tzinfo=UTC)
Send = Callable[..., intake.BatchResult]


@pytest.fixture
def send(settings: Settings, tmp_path: Path) -> Send:
    """Take in an extract of so many rows, made on a day of November; without one it states no time."""

    def run(rows: int, made: int | None = None, stamp: int = 1) -> intake.BatchResult:
        file = tmp_path / f"social_assistance_{PERIOD}.csv"
        file.write_bytes(social_csv(ROWS[:rows]))
        at = (DAY + timedelta(days=stamp)).timestamp()
        os.utime(file, (at, at))
        stated = DAY + timedelta(days=made) if made is not None else None
        return intake.load(intake.land_files("social_assistance", PERIOD, [file], settings, stated), settings)

    return run


def current_rows(settings: Settings) -> list[int]:
    return [batch.rows_in for batch in ledger.current_batches(settings, "social_assistance", PERIOD)]


def explained(settings: Settings) -> dict[int, tuple[str, str]]:
    """Rows of each delivery: its state and why."""
    return {row["rows_in"]: (row["state"], row["why"]) for row in ledger.extracts(settings, ["ambulance"])}


def by_envelope(settings: Settings, folder: Path, people: int, made: str) -> intake.BatchResult:
    file = folder / f"population_{PERIOD}_part001.xml"
    file.write_bytes(population_xml([person(n) for n in range(1, people + 1)], made=made))
    return intake.load(intake.land_files("population", PERIOD, [file], settings), settings)


def test_a_month_to_come_is_refused_before_it_can_become_the_newest(
    send: Send, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "social.csv"
    file.write_bytes(social_csv(ROWS))
    coming = month_before(period_of(datetime.now(LOCAL).date()), -1)
    with pytest.raises(
        ExtractRefused, match=rf"social\.csv: expected an extract of a month that has begun.*; found {coming}"
    ):
        intake.land_files("social_assistance", coming, [file], settings)
    with pytest.raises(ExtractRefused, match="a month that has begun"):
        intake.pull("social_assistance", coming, lambda _: str(tmp_path), settings=settings)
    assert ledger.extracts(settings, []) == []
    assert (ledger.newest_period(settings), ledger.newest_landed(settings, ["social_assistance"])) == (None, None)


def test_a_period_whose_only_extract_was_withdrawn_is_no_longer_the_newest(send: Send, settings: Settings) -> None:
    batch_id = send(40).batch_id
    assert ledger.newest_period(settings) == ledger.newest_landed(settings, ["social_assistance"]) == PERIOD
    withdraw(settings, batch_id, "of another month", "tests")
    assert (ledger.newest_period(settings), ledger.newest_landed(settings, ["social_assistance"])) == (None, None)
    assert ledger.period_overview(settings) == []
    restore(settings, batch_id, "it was right", "tests")
    assert ledger.newest_period(settings) == PERIOD


class TestWithoutAStatedTime:
    """A time stamp of a file decides nothing: the extract that arrived last counts."""

    def test_a_correction_with_an_older_time_stamp_counts(self, send: Send, settings: Settings) -> None:
        assert send(40, stamp=9).accepted
        second = send(39, stamp=2)
        assert current_rows(settings) == [39]
        state, why = explained(settings)[40]
        assert state == "superseded"
        assert why.startswith(f"superseded by delivery {second.delivery_id}: arrived later, on ")

    def test_a_then_b_by_mistake_then_a_again(self, send: Send, settings: Settings) -> None:
        first, mistake = send(40), send(38)
        again = send(40)
        assert (again.delivery_id, again.status) == (first.delivery_id, "unchanged")
        assert current_rows(settings) == [40]
        said = explained(settings)
        assert said[40][0] == "current" and said[40][1].startswith("its bytes arrived again on ")
        assert said[38][1].startswith(f"superseded by delivery {first.delivery_id}: its bytes arrived again on ")
        assert send(38).delivery_id == mistake.delivery_id
        assert current_rows(settings) == [38]
        assert send(37).accepted
        assert current_rows(settings) == [37], "and what is new counts after both"

    def test_the_same_bytes_twice_in_a_row_are_no_news(self, send: Send, settings: Settings) -> None:
        for rows in (40, 40, 40):
            send(rows)
        assert explained(settings) == {40: ("current", "")}


class TestCorrectionsInTheOrder:
    """Corrected rows rank where the extract that they correct does, and the explanation says so."""

    def correct(self, settings: Settings, folder: Path) -> intake.BatchResult:
        made = intake.write_handback(settings, "social_assistance")[-1]
        rows = Lake(settings.lake).read(made.path).decode("utf-8-sig").replace(BAD, iin(50))
        file = folder / Path(made.path).name
        file.write_text(rows, encoding="utf-8-sig")
        return intake.load(intake.land_files("social_assistance", PERIOD, [file], settings), settings)

    def test_an_extract_that_came_again_brings_its_correction_with_it(
        self, send: Send, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(globals(), "ROWS", [social_row(50, ИИН=BAD), *ROWS])
        first = send(41)
        corrected = self.correct(settings, tmp_path)
        assert corrected.accepted, corrected.refusal
        send(40)
        send(41)
        (current,) = ledger.current_batches(settings, "social_assistance", PERIOD)
        assert current.batch_id == corrected.batch_id
        said = {row["delivery_id"]: row["why"] for row in ledger.extracts(settings, ["ambulance"])}
        again = f"the bytes of delivery {first.delivery_id}, which it corrects, arrived again on "
        assert said[corrected.delivery_id].startswith(again)
        (mistake,) = said.keys() - {first.delivery_id, corrected.delivery_id}
        assert said[mistake].startswith(f"superseded by delivery {first.delivery_id}: its bytes arrived again on ")

    def test_rows_of_a_withdrawn_extract_come_back(self, send: Send, settings: Settings, tmp_path: Path) -> None:
        first = send(40)
        assert first.batch_id is not None
        withdraw(settings, first.batch_id, "wrong month", "aigerim")
        file = tmp_path / f"handback_social_assistance_{PERIOD}_{first.batch_id}.csv"
        file.write_bytes(social_csv(ROWS[:1]))
        with pytest.raises(ExtractRefused, match=f"rows of batch {first.batch_id}, which was withdrawn"):
            intake.land_files("social_assistance", PERIOD, [file], settings)


class TestStatedTimes:
    """An extract that states a later time is not superseded by one that states an earlier one."""

    def test_what_comes_late_is_accepted_and_superseded_on_arrival(self, send: Send, settings: Settings) -> None:
        newer = send(40, made=4)
        assert send(39, made=1).status == "accepted"
        assert current_rows(settings) == [40]
        assert explained(settings)[39][1] == (
            f"accepted, but superseded on arrival by delivery {newer.delivery_id}, which states a later time: "
            "2026-11-05 05:00, after 2026-11-02 05:00"
        )

    def test_a_load_that_is_run_again_says_so_too_and_one_that_was_superseded_later_does_not(
        self, send: Send, settings: Settings
    ) -> None:
        newer, late = send(40, made=4), send(39, made=1)
        # a load that was killed after its commit is run again, and finds its batch
        again = intake.load(late.delivery_id, settings)
        assert again.status == "unchanged"
        assert intake.superseded_on_arrival(again, settings) == newer.delivery_id
        newest = send(38, made=5)
        assert intake.superseded_on_arrival(intake.load(newer.delivery_id, settings), settings) is None
        assert intake.superseded_on_arrival(again, settings) == newest.delivery_id, "it counts now"

    def test_bytes_that_come_again_count_again_and_a_later_extract_counts_after_them(
        self, send: Send, settings: Settings
    ) -> None:
        send(40, made=1)
        send(39, made=2)
        send(40, made=1)
        assert current_rows(settings) == [40], "A, then B by mistake, then A again"
        send(38, made=3)
        assert current_rows(settings) == [38], "its statement is later than any other"
        send(37, made=0)
        assert current_rows(settings) == [38]

    def test_what_states_no_time_counts_when_it_arrives(self, send: Send, settings: Settings) -> None:
        send(40, made=5)
        send(39)
        assert current_rows(settings) == [39]
        send(38, made=4)
        assert current_rows(settings) == [39]
        assert "which came after an extract that states a later time" in explained(settings)[38][1]
        send(37, made=6)
        assert current_rows(settings) == [37]

    def test_an_envelope_is_a_statement(self, settings: Settings, tmp_path: Path) -> None:
        assert by_envelope(settings, tmp_path, 30, "2026-11-04T02:00:00+05:00").accepted
        assert by_envelope(settings, tmp_path, 29, "2026-11-01T02:00:00+05:00").accepted
        assert [b.rows_in for b in ledger.current_batches(settings, "population", PERIOD)] == [30]

    @pytest.mark.parametrize("made", ["0001-01-01T00:00:00+14:00", "1899-12-30T00:00:00", "1970-01-01T00:00:00Z"])
    def test_a_time_that_stands_for_none_states_nothing(self, settings: Settings, tmp_path: Path, made: str) -> None:
        assert by_envelope(settings, tmp_path, 30, "2026-11-01T02:00:00+05:00").accepted
        assert by_envelope(settings, tmp_path, 29, made).accepted
        assert [b.rows_in for b in ledger.current_batches(settings, "population", PERIOD)] == [29]


class TestTimesToCome:
    """A time after the arrival is refused, whoever states it; the clock of a source may be minutes ahead."""

    def test_of_an_envelope(self, settings: Settings, tmp_path: Path) -> None:
        with pytest.raises(
            ExtractRefused, match=r"part001\.xml: expected a time .* before its arrival .*found 2031-01-01"
        ):
            by_envelope(settings, tmp_path, 30, "2031-01-01T02:00:00+05:00")
        assert "in its field" in ledger.refusal_reasons(settings, "population", PERIOD)[0]
        soon = (datetime.now(tz=UTC) + timedelta(minutes=2)).isoformat()
        assert by_envelope(settings, tmp_path, 30, soon).accepted

    def test_of_the_last_of_several_files(self, settings: Settings, tmp_path: Path) -> None:
        files = []
        for part, made in ((1, "2026-11-01T02:00:00+05:00"), (2, "2031-01-01T02:00:00+05:00")):
            files.append(tmp_path / f"population_{PERIOD}_part{part:03d}.xml")
            files[-1].write_bytes(population_xml([person(part)], part=part, parts=2, made=made))
        with pytest.raises(ExtractRefused, match=r"part002\.xml.*found 2031-01-01"):
            intake.land_files("population", PERIOD, files, settings)

    @pytest.mark.parametrize("days", [10_000, 150_000])
    def test_of_a_file(self, send: Send, settings: Settings, days: int) -> None:
        with pytest.raises(ExtractRefused, match="time stamp of the file"):
            send(40, stamp=days)
        assert current_rows(settings) == []

    def test_of_an_operator(self, send: Send) -> None:
        with pytest.raises(ExtractRefused, match="as the operator says"):
            send(40, made=10_000)


class TestWithdrawal:
    """A person takes a batch out of what counts, and lets it count again."""

    def test_the_former_extract_counts_again(self, send: Send, settings: Settings) -> None:
        first, second = send(40), send(39)
        assert second.batch_id is not None
        done = withdraw(settings, second.batch_id, "file of another oblast", "aigerim")
        assert done.is_new and [b.batch_id for b in done.current] == [first.batch_id]
        assert current_rows(settings) == [40]
        state, why = explained(settings)[39]
        assert state == "withdrawn"
        assert why.startswith("withdrawn by aigerim on ") and why.endswith(": file of another oblast")
        assert not withdraw(settings, second.batch_id, "again", "aigerim").is_new, "a second time changes nothing"
        with transaction(settings) as con:
            assert con.execute(text("select count(*) from ledger.withdrawal")).scalar() == 1
            acts = con.execute(text("select principal, action, object, purpose from access.audit")).all()
        batch = f"social_assistance {PERIOD} batch {second.batch_id}"
        assert ("aigerim", "withdraw_batch", batch, "file of another oblast") in map(tuple, acts)
        assert restore(settings, second.batch_id, "it was right", "aigerim").is_new
        assert current_rows(settings) == [39]
        assert not restore(settings, second.batch_id, "it was right", "aigerim").is_new

    def test_its_bytes_stay_withdrawn_under_any_rules(self, send: Send, settings: Settings) -> None:
        first = send(40)
        assert first.batch_id is not None
        withdraw(settings, first.batch_id, "wrong month", "aigerim")
        again = send(40)
        assert (again.status, again.accepted) == ("withdrawn", False)
        assert "was withdrawn by aigerim on" in str(again.refusal) and "wrong month" in str(again.refusal)
        assert current_rows(settings) == []
        assert send(39).accepted
        assert current_rows(settings) == [39]

    def test_changes_of_a_withdrawn_extract_do_not_count(self, settings: Settings, tmp_path: Path) -> None:
        batches = []
        for numbers in (range(1, 21), range(15, 41)):
            file = tmp_path / "calls.csv"
            file.write_bytes(ambulance_csv([call(n) for n in numbers]))
            batches.append(intake.load(intake.land_files("ambulance", PERIOD, [file], settings), settings).batch_id)
        withdraw(settings, int(batches[0] or 0), "test data of the vendor", "aigerim")
        current = ledger.current_batches(settings, "ambulance", PERIOD, is_delta=True)
        assert [b.batch_id for b in current] == [batches[1]]
        assert ledger.accepted(settings, PERIOD, PERIOD) == current

    @pytest.mark.parametrize(("batch", "reason"), [(99_999, "x"), (1, "  ")])
    def test_an_unknown_batch_or_no_reason(self, settings: Settings, batch: int, reason: str) -> None:
        with pytest.raises(AuylError, match="expected a"):
            withdraw(settings, batch, reason, "aigerim")
