"""The nightly DAGs, executed: one mail, the snapshot without what is overdue, and only the periods that are due; and
what cannot wait for the night, told at once.

All on one Airflow and one installation, in this order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auyl import intake, ledger
from auyl.settings import Settings
from tests.conftest import Once, fresh_installation
from tests.dags.local_airflow import LocalAirflow, Step
from tests.extracts import animal, iin, livestock_xlsx, person, population_xml
from tests.mailbox import PASSWORD, Mailbox, mailbox, subject
from tests.reports.hook import Hook, hook
from tests.snapshot.conftest import core_registries, know_territory
from tests.snapshot.queries import query

PERIOD = "2026-10"
REGISTRIES = ("population", "social_assistance", "livestock", "ambulance", "employment")

pytestmark = pytest.mark.slow


@dataclass
class Night:
    """An installation, its Airflow, and what Airflow sent; `drop` is the drop folder of the population."""

    installation: Settings
    airflow: LocalAirflow
    box: Mailbox
    webhook: Hook
    drop: Path


@pytest.fixture(scope="module")
def night(dsn: str, tmp_path_factory: pytest.TempPathFactory, airflow_database: Path) -> Iterator[Night]:
    """An empty installation."""
    folder = tmp_path_factory.mktemp("night")
    installation = fresh_installation(dsn, folder)
    drop = folder / "drop"
    with mailbox() as box, hook() as webhook:
        connections = {
            "auyl_smtp": {
                "conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "login": "auyl", "password": PASSWORD,
                "extra": {
                    "from_email": "auyl@example.kz", "to": "engineer@example.kz", "disable_ssl": True,
                    "disable_tls": True,
                },
            },
            "auyl_alarm_webhook": {
                "conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": webhook.port,
                "extra": {"path": "/hooks/night"},
            },
            "population_drop": {"conn_type": "fs", "extra": {"path": f"{drop}/{{period}}"}},
        }  # fmt: skip
        with LocalAirflow(folder, installation, connections, airflow_database) as airflow:
            yield Night(installation, airflow, box, webhook, drop)


@pytest.fixture(scope="module")
def oblast(night: Night, once: Once) -> None:
    """A small oblast whose budgets are missing, taken in."""
    extracts, _ = once("core_registries", core_registries)
    know_territory(night.installation, extracts)
    for registry in REGISTRIES:
        files = sorted((extracts / PERIOD / registry).iterdir())
        made = datetime(2026, 11, 1, 5, tzinfo=UTC)
        delivery = intake.land_files(registry, PERIOD, files, night.installation, made)
        assert intake.load(delivery, night.installation).accepted


def test_the_night_of_an_empty_installation_has_nothing_to_do(night: Night) -> None:
    runs = night.airflow.run(Step("quality"), Step("reconcile")).runs
    assert {run.state for run in runs} == {"success"}
    assert [run.tasks["find_periods"] for run in runs] == ["skipped", "skipped"]


@pytest.mark.usefixtures("oblast")
def test_quality_and_reconcile_run_for_each_due_period_and_say_when_none_is_due(night: Night) -> None:
    steps = [Step(dag_id) for dag_id in ("quality", "reconcile", "quality", "reconcile", "nightly")]
    result = night.airflow.run(*steps, Step("consolidate", {"period": PERIOD}))
    quality, reconcile, quality_again, reconcile_again, nightly, consolidate = result.runs
    assert {run.state for run in result.runs} == {"success"}
    assert quality.tasks == {"find_periods": "success", "measure[0]": "success"}
    assert quality.xcoms["measure.return_value"] == len(REGISTRIES)
    steps_of_period = {f"period_steps.{step}[0]": "success" for step in ("link", "entities", "compare")}
    assert reconcile.tasks == {"changes": "success", "find_periods": "success", **steps_of_period}
    assert query(night.installation, "select count(*) from serving.contradiction_set")[0][0] == 1
    assert quality_again.tasks == {"find_periods": "skipped", "measure": "skipped"}
    assert quality_again.note == "no batch was accepted since quality was last measured"
    assert reconcile_again.note == "nothing new since every period was reconciled"
    assert set(reconcile_again.tasks.values()) == {"success", "skipped"}
    assert nightly.tasks == {"quality": "success", "reconcile": "success"}
    assert sorted((dag_id, note) for dag_id, _, note in result.queued) == [
        ("quality", "started by nightly"), ("reconcile", "started by nightly"),
    ]  # fmt: skip
    assert (consolidate.tasks, consolidate.note) == ({"publish": "skipped"}, f"{PERIOD} waits for: budget_okrug")


@pytest.mark.usefixtures("oblast")
def test_one_mail_a_night_and_the_snapshot_is_published_without_what_is_late(night: Night) -> None:
    # 06:00 of 20 November in Almaty; all deadlines of October have passed
    result = night.airflow.run(Step("daily_report", logical_date=datetime(2026, 11, 20, 1, tzinfo=UTC)))
    assert [run.state for run in result.runs] == ["success"]
    ((dag_id, conf, note),) = result.queued
    assert (dag_id, conf) == ("consolidate", {"period": PERIOD, "allow_missing": True})
    assert note == "all deadlines have passed"
    (built,) = night.airflow.run(Step(dag_id, conf)).runs
    assert (built.state, built.tasks) == ("success", {"publish": "success"})
    assert built.events == [["snapshot", PERIOD]]
    (message,) = night.box.messages
    assert "опаздывает реестров: 2" in subject(message)
    assert night.box.logins == [("auyl", PASSWORD)]
    assert PASSWORD not in result.output
    stored = query(
        night.installation,
        "select d.day, m.recipients from ledger.daily_report as d left join ledger.daily_report_mail as m using (day)",
    )
    assert [(str(row.day), row.recipients) for row in stored] == [("2026-11-20", 1)]
    missing = query(night.installation, "select registry, reason from serving.snapshot_missing")
    assert [tuple(row) for row in missing] == [("budget_okrug", "never")]
    assert query(night.installation, "select count(*) from serving.snapshot_value where value is not null")[0][0] > 1000


@pytest.mark.usefixtures("oblast")
def test_a_superseded_extract_and_a_refused_snapshot_are_told_at_once_by_mail_and_webhook_without_a_cell(
    night: Night,
) -> None:
    settings = night.installation
    folder = night.drop / PERIOD
    folder.mkdir(parents=True)
    # made a day before the one that counts
    earlier = population_xml([person(n, surname="ТАБИҒАТОВ") for n in range(1, 41)], made="2026-10-31T02:00:00+05:00")
    (folder / f"population_{PERIOD}_part1.xml").write_bytes(earlier)
    (folder / f"population_{PERIOD}_part1.xml.ok").touch()
    few = livestock_xlsx(night.drop / f"livestock_{PERIOD}.xlsx", {"КРС": [animal(n) for n in range(1, 41)]})
    delivery = intake.land_files("livestock", PERIOD, [few], settings, datetime(2026, 11, 2, tzinfo=UTC))
    assert intake.load(delivery, settings).accepted
    mails = len(night.box.messages)
    assert night.webhook.messages == []
    consolidate = Step("consolidate", {"period": PERIOD, "allow_missing": True})
    taken_in, refused = night.airflow.run(Step("intake_population", {"period": PERIOD}), consolidate).runs
    assert (taken_in.state, taken_in.xcoms["load.return_value"]["status"]) == ("success", "accepted")
    assert (refused.state, refused.tasks, refused.events) == ("failed", {"publish": "failed"}, [])

    superseded, gate = night.box.messages[mails:]
    bodies = [str(message.get_content()).rstrip() for message in (superseded, gate)]
    posted = [message["text"] for message in night.webhook.messages]
    assert posted == [f"{subject(superseded)}\n\n{bodies[0]}", f"{subject(gate)}\n\n{bodies[1]}"]
    assert night.webhook.paths == ["/hooks/night"] * 2
    assert subject(superseded) == "Ауыл, тревога: Выгрузка принята, но сразу заменена более поздней: population"
    number = taken_in.xcoms["pull.return_value"]
    (counting,) = ledger.current_batches(settings, "population", PERIOD)
    assert f"  population: {PERIOD}: выгрузка {number}, действует выгрузка {counting.delivery_id}" in bodies[0]
    assert "Что делать: спросите владельца реестра, какая выгрузка верна" in bodies[0]
    assert subject(gate) == "Ауыл, тревога: Снимок не прошёл проверку и не опубликован: consolidate"
    assert f"  consolidate: {PERIOD}: livestock." in bodies[1]
    assert "auyl snapshot release" in bodies[1]
    for cell in ("ТАБИҒАТОВ", iin(1), "KZB1", "194083100", PASSWORD):
        assert cell not in "".join(posted)
