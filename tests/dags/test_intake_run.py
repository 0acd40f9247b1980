"""The intake DAG of a registry, executed: what each task leaves, and which failure fails the run."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from auyl import intake, ledger
from auyl.settings import REPOSITORY, Settings
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.dags.local_airflow import LocalAirflow, Run, Step
from tests.extracts import animal, livestock_xlsx
from tests.intake.kills import is_killed_after

pytestmark = pytest.mark.slow

INTAKE = "intake_livestock"
# one period for each case
KILLED, REJECTED, CLEAN, REFUSED, STUCK = "2026-06", "2026-07", "2026-08", "2026-09", "2026-10"
ALL_TASKS = ("pull", "load", "hand_back", "accepted")


@dataclass(frozen=True)
class World:
    """What the runs left, by period; `again` is a second run of REJECTED, `nameless` one without a period.

    `killed` is the delivery of KILLED.
    """

    settings: Settings
    runs: dict[str, Run]
    again: Run
    nameless: Run
    killed: int
    output: str


def deliver(folder: Path, period: str, *, rejected: bool = False) -> None:
    """The registry's workbook for a period; where `rejected`, a row has no place, and another one no kind of animal."""
    folder.mkdir()
    rows = [animal(n, **{"Дата отчета": f"30.{period[5:]}.2026"}) for n in range(1, 101)]
    if rejected:
        for n, column in enumerate(("КАТО", "Вид")):
            rows[n] = animal(n + 1, **{"Дата отчета": f"30.{period[5:]}.2026", column: ""})
    book = livestock_xlsx(folder / f"livestock_{period}.xlsx", {"Енбекшиказахский": rows})
    book.with_name(f"{book.name}.ok").touch()


@pytest.fixture(scope="module")
def world(dsn: str, tmp_path_factory: pytest.TempPathFactory, airflow_database: Path) -> Iterator[World]:
    """All cases, run one after another by one Airflow."""
    folder = tmp_path_factory.mktemp("intake")
    include = folder / "include"
    shutil.copytree(REPOSITORY / "include", include)
    contract = include / "contracts" / "livestock.odcs.yaml"
    pause, marker = "{property: stableSeconds, value: 15}", "{property: marker, value: '{name}.ok'}"
    assert pause in contract.read_text("utf-8")
    contract.write_text(contract.read_text("utf-8").replace(pause, marker), "utf-8")
    settings = replace(fresh_installation(dsn, folder), include=include)
    drop = folder / "drop"
    drop.mkdir()
    deliver(drop / REJECTED, REJECTED, rejected=True)
    deliver(drop / CLEAN, CLEAN)
    deliver(drop / REFUSED, REFUSED)
    (drop / REFUSED / f"livestock_{REFUSED}.xlsx").write_bytes(b"no workbook")
    deliver(drop / STUCK, STUCK, rejected=True)
    obstacle = Path(settings.lake) / "handback" / "livestock" / STUCK
    Path(settings.lake).mkdir(mode=0o700)
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("a file where the folder of the hand-back belongs")

    connection = {"conn_type": "fs", "extra": {"path": f"{drop}/{{period}}"}}
    periods = (REJECTED, CLEAN, REFUSED, STUCK)
    steps = [Step(INTAKE, {"period": period}) for period in (*periods, REJECTED)]
    # `dag.test()` leaves parameters behind in the process, so the run without any comes first
    with LocalAirflow(folder, settings, {"livestock_drop": connection}, airflow_database) as airflow:
        result = airflow.run(Step(INTAKE), *steps)
        killed = killed_load(settings, drop)
        (after,) = airflow.run(Step(INTAKE, {"period": KILLED})).runs
    nameless, *runs, again = result.runs
    by_period = dict(zip(periods, runs, strict=True)) | {KILLED: after}
    yield World(settings, by_period, again, nameless, killed, result.output)


def killed_load(settings: Settings, drop: Path) -> int:
    """Pull KILLED, and load it in a process that dies right after its batch was committed; the delivery."""
    deliver(drop / KILLED, KILLED, rejected=True)
    delivery = intake.pull("livestock", KILLED, lambda _: f"file://{drop}/{KILLED}", settings)
    assert is_killed_after(settings, partial(intake.load, delivery, settings), "add_batch")
    assert [batch.delivery_id for batch in ledger.current_batches(settings, "livestock", KILLED)] == [delivery]
    assert Lake(settings.lake).files(f"handback/livestock/{KILLED}") == []
    return delivery


def test_accepted_rows_are_announced_and_rejected_ones_go_to_the_owner(world: World) -> None:
    run = world.runs[REJECTED]
    assert run.state == "success"
    assert run.tasks == dict.fromkeys(ALL_TASKS, "success")
    assert run.events == [["stage_livestock", REJECTED]]
    account = run.xcoms["load.return_value"]
    assert (account["rows_in"], account["staged"], account["quarantined"]) == (100, 99, 1)
    assert run.xcoms["hand_back.return_value"] == {"files": 1, "rows": 2}
    assert len(Lake(world.settings.lake).files(f"handback/livestock/{REJECTED}")) == 1


def test_the_run_after_a_load_that_was_killed_right_after_its_commit_hands_its_rows_back(world: World) -> None:
    run = world.runs[KILLED]
    assert (run.state, run.tasks) == ("success", dict.fromkeys(ALL_TASKS, "success"))
    assert run.xcoms["pull.return_value"] == world.killed
    assert run.xcoms["load.return_value"]["status"] == "unchanged"
    assert run.events == [["stage_livestock", KILLED]]
    assert run.xcoms["hand_back.return_value"] == {"files": 1, "rows": 2}
    assert len(Lake(world.settings.lake).files(f"handback/livestock/{KILLED}")) == 1


def test_tasks_write_for_their_own_account_alone(world: World) -> None:
    """Their process began with a umask that lets everybody read."""
    for folder in (f"landing/livestock/{REJECTED}", f"stage/livestock/{REJECTED}", f"handback/livestock/{REJECTED}"):
        root = Path(world.settings.lake) / folder
        modes = {place.stat().st_mode & 0o777 for place in (root, *root.rglob("*"))}
        assert modes == {0o700, 0o600}, folder


def test_the_same_files_again_change_nothing(world: World) -> None:
    assert world.again.state == "success"
    assert world.again.tasks == dict.fromkeys(ALL_TASKS, "success") | {"hand_back": "skipped"}
    assert world.again.xcoms["load.return_value"]["status"] == "unchanged"


def test_each_task_logs_one_sentence_of_counts(world: World) -> None:
    for sentence in (
        f"livestock {REJECTED}: landed as delivery 1",
        f"livestock {REJECTED}: batch 1 accepted: 100 rows_in, 99 staged, 0 linkable, 1 quarantined, 0 duplicates",
        f"livestock {REJECTED}: 2 rows go back in 1 files",
    ):
        assert sentence in world.output


def test_without_a_rejected_row_nothing_is_handed_back(world: World) -> None:
    run = world.runs[CLEAN]
    assert (run.state, run.tasks["hand_back"], run.note) == ("success", "skipped", None)
    assert run.events == [["stage_livestock", CLEAN]]


def test_a_refused_extract_fails_the_run_and_announces_nothing(world: World) -> None:
    run = world.runs[REFUSED]
    assert run.state == "failed"
    assert run.tasks == {"pull": "success", "load": "failed", "hand_back": "success", "accepted": "upstream_failed"}
    assert run.events == []
    assert len(ledger.refusal_reasons(world.settings, "livestock", REFUSED)) == 1


def test_a_failed_hand_back_fails_the_run_but_not_the_load(world: World) -> None:
    run = world.runs[STUCK]
    assert (run.state, run.tasks["load"], run.tasks["hand_back"]) == ("failed", "success", "failed")
    assert run.events == [["stage_livestock", STUCK]]
    assert len(ledger.current_batches(world.settings, "livestock", STUCK)) == 1


def test_a_run_without_a_period_says_what_to_do_and_hands_nothing_back(world: World) -> None:
    assert world.nameless.tasks == {"pull": "failed"} | dict.fromkeys(ALL_TASKS[1:], "upstream_failed"), world.nameless
    assert world.nameless.state == "failed"
    assert "Fix: trigger the DAG again with one of them" in world.output


def test_a_refusal_and_a_task_that_failed_are_alarms_and_without_a_connection_nothing_is_sent(world: World) -> None:
    raised = {row["kind"]: row for row in ledger.alarms_since(world.settings, None) if row["subject"] == "livestock"}
    assert raised.keys() == {"refused", "failed"}
    assert raised["refused"]["text"].startswith(f"{REFUSED}: livestock_{REFUSED}.xlsx: expected ")
    assert raised["failed"]["text"].startswith(f"{STUCK}, задача hand_back: ")
    assert "is not sent: no connection auyl_smtp or auyl_alarm_webhook" in world.output
