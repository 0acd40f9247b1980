"""Bytes that are past their term, or should never have been sent, go; the ledger says when, why and by whom."""

import multiprocessing
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from auyl import contracts, intake, ledger
from auyl.checks import check_installation
from auyl.checks.lake import check_lake
from auyl.errors import AuylError, ContractInvalid, ExtractRefused
from auyl.intake import erase as erasing
from auyl.intake import retention
from auyl.intake.erase import erase, erase_past_term, readmit
from auyl.intake.quarantine import quarantine
from auyl.intake.reload import reload
from auyl.intake.withdraw import restore, withdraw
from auyl.settings import Settings
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from tests.extracts import PERIOD, iin, social_csv, social_row
from tests.test_cli import Auyl

REGISTRY = "social_assistance"
BAD = "123456789012"
WRONG = range(101, 141)
RIGHT = range(1, 41)


def take_in(settings: Settings, numbers: range, bad: int = 1, name: str = "s.csv") -> intake.BatchResult:
    file = settings.home / name
    rows = [*(social_row(n) for n in numbers), *(social_row(200 + n, ИИН=BAD) for n in range(bad))]
    file.write_bytes(social_csv(rows))
    return intake.load(intake.land_files(REGISTRY, PERIOD, [file], settings), settings)


def files_with(settings: Settings, number: int) -> list[str]:
    """Files of the lake that hold a person's ИИН as text, and those of all rows of its extract."""
    lake = Lake(settings.lake)
    return [path for path in lake.files("") if iin(number).encode() in lake.read(path)]


def state_of(settings: Settings, delivery_id: int) -> tuple[str, str]:
    (row,) = [row for row in ledger.extracts(settings, [], REGISTRY) if row["delivery_id"] == delivery_id]
    return row["state"], row["why"]


def test_an_extract_that_should_never_have_been_sent_goes_and_stays_away(settings: Settings) -> None:
    wrong = take_in(settings, WRONG)
    intake.write_handback(settings, REGISTRY)
    number, batch = wrong.delivery_id, int(wrong.batch_id or 0)
    assert files_with(settings, 101) != []
    with pytest.raises(AuylError, match=f"Withdraw it first: auyl extracts withdraw {batch}"):
        erase(settings, number, "another owner's", "aigerim")
    withdraw(settings, batch, "another owner's", "aigerim")
    right = take_in(settings, RIGHT)
    before = Lake(settings.lake).files("")
    with pytest.raises(AuylError, match="expected a reason"):
        erase(settings, number, " ", "aigerim")
    (planned,) = erase(settings, number, "", "aigerim", dry_run=True)
    assert planned.files == 7 and Lake(settings.lake).files("") == before
    (done,) = erase(settings, number, "another owner's", "aigerim")
    assert (done.files, done.is_new) == (7, True)
    assert files_with(settings, 101) == [] and files_with(settings, 1) != []
    left = [path for path in Lake(settings.lake).files("") if ledger.delivery(settings, number).digest[:16] in path]
    assert left == []

    # said in words by whatever rests on it
    state, why = state_of(settings, number)
    assert state == "erased" and re.search(r"erased by aigerim on \d{4}-\d\d-\d\d \d\d:\d\d: another owner's", why)
    said = re.escape(f"delivery {number} was erased on ") + r"\d{4}-\d\d-\d\d by aigerim, because: another owner's"
    assert intake.load(number, settings).status == "erased"
    assert re.search(said, intake.load(number, settings).refusal or "")
    assert [result.delivery_id for result in reload(settings, ledger.Decision("x", "y"))] == [right.delivery_id]
    with pytest.raises(AuylError, match=said):
        restore(settings, batch, "x", "aigerim")
    for name in ("s.csv", "renamed.csv"):
        with pytest.raises(ExtractRefused, match=said + f".*auyl extracts readmit {number}"):
            take_in(settings, WRONG, name=name)
    assert files_with(settings, 101) == []
    auyl = Auyl.of(settings)
    assert re.search(said, auyl("quarantine", REGISTRY))
    assert len(quarantine(settings, REGISTRY)) == 1
    found = check_lake(settings)
    assert (found.faults, found.unnamed, found.registries[0].erased) == ([], {}, 1)

    # again it changes nothing; a delivery of ours stays
    (again,) = erase(settings, number, "another owner's", "aigerim")
    assert (again.files, again.is_new) == (0, False)
    assert take_in(settings, RIGHT).status == "unchanged"
    with transaction(settings) as con:
        acts = con.execute(
            text(
                "select action, principal, purpose from access.audit where object = :o order by audit_id desc limit 1"
            ),
            {"o": f"{REGISTRY} {PERIOD} delivery {number}"},
        ).one()
    assert tuple(acts) == ("erase_delivery", "aigerim", "another owner's")

    # and the way back, for whoever has the bytes
    assert "may come again" in auyl("extracts", "readmit", number, "--reason", "it was the right one")
    assert not readmit(settings, number, "x", "aigerim")
    assert take_in(settings, WRONG).status == "withdrawn"
    restore(settings, batch, "it was the right one", "aigerim")
    assert {r.status for r in reload(settings, ledger.Decision("x", "y"))} == {"accepted", "unchanged"}
    assert check_lake(settings).faults == []


def test_a_file_of_an_erased_delivery_is_refused_beside_others_too(settings: Settings, tmp_path: Path) -> None:
    refused = take_in(settings, range(1, 3), bad=40)
    assert refused.status == "refused"
    erase(settings, refused.delivery_id, "of another owner", "aigerim")
    other = tmp_path / "other.csv"
    other.write_bytes(social_csv([social_row(n) for n in RIGHT]))
    with pytest.raises(ExtractRefused, match="other bytes than those that were erased"):
        intake.land_files(REGISTRY, PERIOD, [settings.home / "s.csv", other], settings)
    assert quarantine(settings, REGISTRY).empty


def test_corrected_rows_go_with_the_extract_whose_rows_they_hold(settings: Settings, tmp_path: Path) -> None:
    wrong = take_in(settings, WRONG)
    (made,) = intake.write_handback(settings, REGISTRY)
    file = tmp_path / "back.csv"
    file.write_bytes(Lake(settings.lake).read(made.path).replace(BAD.encode(), iin(300).encode()))
    corrected = intake.load(intake.land_files(REGISTRY, None, [file], settings), settings)
    assert (corrected.status, corrected.staged) == ("accepted", 41)
    withdraw(settings, int(wrong.batch_id or 0), "another owner's", "aigerim")
    done = erase(settings, wrong.delivery_id, "another owner's", "aigerim")
    assert [one.delivery.delivery_id for one in done] == [wrong.delivery_id, corrected.delivery_id]
    assert files_with(settings, 101) == [] and files_with(settings, 300) == []
    assert check_lake(settings).faults == []


@pytest.fixture
def termed(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Superseded, refused, corrected and current extracts; two months are their term."""
    include = tmp_path / "include"
    shutil.copytree(settings.include, include)
    (include / retention.FILE).write_text("extracts: {months: 2, norm: order 5}\nregistries: {population: {}}\n")
    yield replace(settings, include=include)
    contracts.load.cache_clear() if hasattr(contracts.load, "cache_clear") else None


LATER = datetime.now(tz=UTC) + timedelta(days=70)


def test_what_counts_no_more_goes_when_its_term_has_ended(termed: Settings, settings: Settings) -> None:
    superseded = take_in(termed, WRONG)
    refused = take_in(termed, range(1, 3), bad=40)
    current = take_in(termed, RIGHT)
    before = Lake(termed.lake).files("")

    def numbers(of: Settings, **options: object) -> list[int]:
        return [one.delivery.delivery_id for one in erase_past_term(of, "yearly", "aigerim", **options)]  # type: ignore[arg-type]

    assert numbers(termed, now=datetime.now(tz=UTC)) == []
    assert numbers(settings, now=LATER) == [], "no term of the repository's own: kept"
    assert numbers(termed, now=LATER, dry_run=True) == [superseded.delivery_id, refused.delivery_id]
    assert Lake(termed.lake).files("") == before
    assert "would be erased" not in Auyl.of(termed)("retention")
    assert numbers(termed, now=LATER) == [superseded.delivery_id, refused.delivery_id]
    assert files_with(termed, 101) == []
    assert state_of(termed, superseded.delivery_id)[1].endswith("yearly (order 5, 2 months)")
    assert numbers(termed, now=LATER) == []
    assert take_in(termed, RIGHT).status == "unchanged" and current.status == "accepted"
    found = check_lake(termed)
    assert (found.faults, found.registries[0].erased, found.registries[0].deliveries) == ([], 2, 1)


def erase_and_die(settings: Settings) -> None:
    remove, left = Lake.remove_file, [3]

    def dying(lake: Lake, path: str) -> None:
        remove(lake, path)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    Lake.remove_file = dying  # type: ignore[method-assign]
    list(erase_past_term(settings, "yearly", "aigerim", now=LATER))


def test_an_erasure_that_was_killed_is_ended_by_the_next_run(termed: Settings) -> None:
    superseded = take_in(termed, WRONG)
    take_in(termed, RIGHT)
    process = multiprocessing.get_context("fork").Process(target=erase_and_die, args=(termed,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    (fault,) = check_lake(termed).faults
    assert f"delivery {superseded.delivery_id} was erased, and files of it are there" in fault
    with pytest.raises(ExtractRefused, match="was erased on"):
        take_in(termed, WRONG)
    (ended,) = erase_past_term(termed, "again", "aigerim", now=LATER)
    assert (ended.delivery.delivery_id, ended.is_new, ended.files > 0) == (superseded.delivery_id, False, True)
    assert files_with(termed, 101) == [] and check_lake(termed).faults == []
    assert list(erase_past_term(termed, "again", "aigerim", now=LATER)) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("extracts: {months: 12}", "expected the norm that sets 12 months"),
        ("extracts: {months: 0, norm: x}", "expected months as a whole number from 1"),
        ("extracts: {months: '12', norm: x}", "expected months as a whole number from 1"),
        ("registries: {populaton: {months: 3, norm: x}}", "found populaton"),
        ("extract: {months: 3, norm: x}", "expected extracts, counting and registries"),
    ],
)
def test_a_term_that_nobody_has_set_is_a_fault(termed: Settings, content: str, words: str) -> None:
    (termed.include / retention.FILE).write_text(content)
    with pytest.raises(ContractInvalid, match=words):
        list(erase_past_term(termed, "x", "aigerim", now=LATER))
    if content.endswith("12}"):
        assert [fault.words for fault in check_installation(termed) if fault.file == retention.FILE] != []


def test_a_term_is_counted_in_months() -> None:
    assert erasing.retention.before(datetime(2026, 3, 31, tzinfo=UTC), 1) == datetime(2026, 2, 28, tzinfo=UTC)
    assert erasing.retention.before(datetime(2026, 1, 15, tzinfo=UTC), 13) == datetime(2024, 12, 15, tzinfo=UTC)
