"""Database and lake know each other: any other pair is refused before anything is read or written."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from auyl import intake, ledger, pipeline
from auyl.errors import LakeRefused
from auyl.intake.quarantine import quarantine
from auyl.intake.reload import reload
from auyl.intake.withdraw import withdraw
from auyl.keys.rotation import rotate
from auyl.linkage.entities.build import build
from auyl.linkage.persons.link import link
from auyl.settings import Settings
from auyl.snapshot.missing import waiting
from auyl.store import binding, paths
from auyl.store.binding import adopt, lake_of
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from auyl.territory.reference import load_territory
from tests.conftest import fresh_database, fresh_installation
from tests.extracts import PERIOD, social_csv, social_row

REGISTRY = "social_assistance"
FORK = multiprocessing.get_context("fork")


def take_in(settings: Settings, rows: int = 20) -> intake.BatchResult:
    file = settings.home / f"{REGISTRY}_{rows}.csv"
    file.write_bytes(social_csv([*(social_row(n) for n in range(1, rows)), social_row(90, ИИН="123456789012")]))
    return intake.load(intake.land_files(REGISTRY, PERIOD, [file], settings), settings)


@pytest.fixture(scope="module")
def other_dsn(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as dsn:
        yield dsn


@pytest.fixture
def other(other_dsn: str, tmp_path: Path) -> Settings:
    """Another installation, with a delivery of its own."""
    (tmp_path / "other").mkdir()
    made = fresh_installation(other_dsn, tmp_path / "other")
    take_in(made, 30)
    return made


def forget_process() -> None:
    """As a process that has opened nothing yet."""
    binding._check.cache_clear()


def contents(settings: Settings) -> dict[str, bytes]:
    lake = Lake(settings.lake)
    return {path: lake.read(path) for path in lake.files("")}


def counts(settings: Settings) -> list[Any]:
    with transaction(settings) as con:
        return [
            con.execute(text(f"select count(*) from ledger.{table}")).scalar()
            for table in ("delivery", "batch", "refusal", "look", "judgement", "lake", "build", "pull_note")
        ]


WORK: dict[str, Callable[[Settings], Any]] = {
    "intake": take_in,
    "load": lambda s: intake.load(ledger.landed(s, [REGISTRY])[0].delivery_id, s),
    "reload": lambda s: list(reload(s, ledger.Decision("test", "tests"))),
    "pull": lambda s: intake.pull(REGISTRY, PERIOD, lambda _: "/nowhere", s),
    "quarantine": lambda s: quarantine(s, REGISTRY),
    "handback": lambda s: intake.write_handback(s, REGISTRY),
    "build": lambda s: pipeline.run(s, PERIOD, None),
    "link": lambda s: link(s, PERIOD),
    "entities": lambda s: build(PERIOD, s),
    "waiting": lambda s: waiting(s, date(2027, 1, 1)),
    "rotate": lambda s: rotate(s, s.hash_key_file, "test"),
    "territory": lambda s: load_territory(s, Path("kato.csv"), None, None, None),
}


def test_work_on_the_lake_of_another_database_is_refused_before_anything_happens(
    settings: Settings, other: Settings
) -> None:
    take_in(settings)
    wrong = replace(settings, lake=other.lake)
    before = contents(other), counts(settings), counts(other)
    for work in WORK.values():
        with pytest.raises(LakeRefused, match=r"expected that of this database.*that of another database.*auyl lake"):
            work(wrong)
    assert (contents(other), counts(settings), counts(other)) == before
    with pytest.raises(LakeRefused, match="found one of no database"):
        lake_of(replace(settings, lake=str(settings.home / "empty")))
    assert not (settings.home / "empty").exists()
    assert take_in(settings).status == "unchanged"
    assert withdraw(settings, 1, "test", "tests").is_new


def test_a_new_database_does_not_take_the_lake_of_another(other: Settings, settings: Settings) -> None:
    with pytest.raises(LakeRefused, match="one that no database has used yet"):
        take_in(replace(settings, lake=other.lake))
    assert take_in(other, 30).status == "unchanged"


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_a_lake_is_adopted_with_a_reason_and_leaves_its_former_database(
    settings: Settings, other: Settings, scheme: str
) -> None:
    lake = f"{scheme}{settings.home}/moved"
    Lake(lake).write("reference/note", b"1")
    take_in(other, 40)
    for path, content in contents(other).items():
        if path != paths.MARK:
            Lake(lake).write(path, content)
    moved = replace(other, lake=lake)
    with pytest.raises(LakeRefused, match="found one of no database"):
        lake_of(moved)
    done = adopt(moved, "the disk was replaced", "tests")
    assert (done.is_new, done.lost) == (True, 0)
    assert adopt(moved, "again", "tests") == replace(done, is_new=False)
    forget_process()
    assert take_in(moved, 40).status == "unchanged"
    with pytest.raises(LakeRefused, match="that of another database"):
        lake_of(other)  # the old disk is not written any more
    with transaction(other) as con:
        audit = con.execute(
            text("select principal, purpose from access.audit where object = :o"), {"o": f"lake {done.lake_id}"}
        )
        assert [tuple(row) for row in audit] == [("tests", "the disk was replaced")]
    with pytest.raises(LakeRefused, match="2 of them missing, such as landing/social_assistance"):
        adopt(replace(other, lake=str(settings.home / "none")), "lost", "tests")
    assert adopt(replace(other, lake=str(settings.home / "none")), "lost", "tests", allow_lost=True).lost == 2


def test_a_copy_gets_an_id_of_its_own(other: Settings) -> None:
    forget_process()
    first = adopt(other, "x", "tests")
    copy = adopt(other, "a copy for trials", "tests", is_copy=True)
    assert copy.is_new and copy.lake_id != first.lake_id
    Lake(other.lake).write(paths.MARK, b'{"lake": "%s"}' % first.lake_id.encode())  # the lake of the original
    forget_process()
    with pytest.raises(LakeRefused, match="that of another database"):
        lake_of(other)


def first_process(settings: Settings, barrier: Any, answers: Any) -> None:
    barrier.wait()
    lake_of(settings)
    answers.put(Lake(settings.lake).read(paths.MARK))


def test_first_processes_at_once_agree(settings: Settings) -> None:
    barrier, answers = FORK.Barrier(4), FORK.Queue()
    started = [FORK.Process(target=first_process, args=(settings, barrier, answers)) for _ in range(4)]
    for process in started:
        process.start()
    ids = {answers.get(timeout=30) for _ in started}
    for process in started:
        process.join(30)
    assert len(ids) == 1 and [process.exitcode for process in started] == [0] * 4
    forget_process()
    lake_of(settings)
    assert Lake(settings.lake).files("") == [paths.MARK]


def killed(settings: Settings, step: str) -> None:
    """Bind, or adopt, and be killed before or after the lake gets the id."""
    replaced = Lake.replace

    def kill(lake: Lake, path: str, target: str) -> None:
        if step == "first, after":
            replaced(lake, path, target)
        os.kill(os.getpid(), signal.SIGKILL)

    Lake.replace = kill  # type: ignore[method-assign]
    if step == "adoption, before":
        adopt(settings, "moved", "tests", is_copy=True)
    lake_of(settings)


@pytest.mark.parametrize("step", ["first, before", "first, after", "adoption, before"])
def test_a_kill_between_the_writes_leaves_a_pair_that_opens(settings: Settings, step: str) -> None:
    is_adoption = step == "adoption, before"
    if is_adoption:
        take_in(settings)
    forget_process()
    process = FORK.Process(target=killed, args=(settings, step))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert take_in(settings).status == ("unchanged" if is_adoption else "accepted")
    forget_process()
    assert take_in(settings).status == "unchanged"
    if is_adoption:
        assert adopt(settings, "moved", "tests", is_copy=True).is_new


def test_an_installation_of_the_former_version_is_bound_if_the_lake_has_its_landings(settings: Settings) -> None:
    take_in(settings)
    mark = Path(settings.lake, paths.MARK)

    def as_former() -> None:
        mark.unlink(missing_ok=True)
        forget_process()
        with transaction(settings) as con:
            con.execute(text("truncate ledger.lake, ledger.lake_settled"))

    as_former()
    binding.bind_existing(settings)
    assert mark.exists()
    as_former()
    empty = replace(settings, lake=str(settings.home / "empty"))
    binding.bind_existing(empty)  # whoever migrates need not reach the lake
    with pytest.raises(LakeRefused, match="1 of them missing, such as landing/social_assistance/2026-10/"):
        lake_of(empty)
    assert not Path(empty.lake).exists()
    Lake(settings.lake).move("landing", "landing_away")
    with pytest.raises(LakeRefused, match="auyl lake adopt --reason … --allow-lost"):
        binding.bind_existing(settings)
