"""One report a night: composed once, sent once, silent where there is no news, and without a person in it."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from auyl import contracts, intake
from auyl.errors import SettingMissing
from auyl.intake.withdraw import withdraw
from auyl.ledger.queries import execute
from auyl.reports import daily_report, mail
from auyl.reports.alarms import Alarm, raise_alarm
from auyl.settings import Settings
from tests.extracts import iin, social_csv, social_row
from tests.mailbox import PASSWORD, Mailbox, mailbox, subject
from tests.snapshot.queries import query

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def box():
    with mailbox() as running:
        yield running


def address(box: Mailbox, **more: str) -> str:
    query = {"from": "auyl@example.kz", "to": "owner@example.kz, engineer@example.kz", "security": "none"} | more
    return f"smtp://127.0.0.1:{box.port}/?" + "&".join(f"{k}={quote(v)}" for k, v in query.items())


def take_in(settings: Settings, folder: Path, rows: list[list[str]], name: str = "s_2026-10.csv") -> bool:
    file = folder / name
    file.write_bytes(social_csv(rows))
    return intake.load(
        intake.land_files("social_assistance", "2026-10", [file], settings, datetime(2026, 11, 1, tzinfo=UTC)), settings
    ).accepted


def good(count: int = 40) -> list[list[str]]:
    return [social_row(n) for n in range(1, count + 1)]


@pytest.fixture
def quiet(settings: Settings, tmp_path: Path) -> Settings:
    """An installation that asks for social assistance only."""
    include = tmp_path / "include"
    shutil.copytree(settings.include, include)
    for path in (include / "contracts").glob("*.yaml"):
        if not path.name.startswith("social_assistance"):
            path.unlink()
    return replace(settings, include=include)


def test_it_names_what_is_overdue_refused_and_in_quarantine(settings: Settings, tmp_path: Path) -> None:
    assert take_in(settings, tmp_path, [*good(), social_row(50, ИИН="123456789012")])
    assert not take_in(settings, tmp_path, [social_row(n, ПЕРИОД="09.2026") for n in range(1, 41)])
    report = daily_report.compose(DAY, settings)
    overdue = {row["registry"] for row in report.content["overdue"]}
    assert overdue == set(contracts.names(settings.include)) - {"social_assistance"}
    assert [row["registry"] for row in report.content["refused"]] == ["social_assistance"]
    assert "share_quarantined" in report.content["refused"][0]["reason"]
    assert [(row["registry"], row["rows"]) for row in report.content["quarantine"]] == [("social_assistance", 1)]
    assert report.content["snapshot"] is None and report.has_news
    assert "budget_okrug за 2026-10: не поступил, срок 10.11.2026, опоздание 10 дн." in report.text
    assert "Отвечает: Министерство финансов РК / Казначейство" in report.text
    assert "social_assistance: строк 1, с " in report.text


@pytest.fixture
def any_month(settings: Settings, tmp_path: Path) -> Settings:
    """An installation in which no rule asks of what month a row of social assistance is."""
    folder = tmp_path / "expectations"
    shutil.copytree(settings.expectations, folder)
    path = folder / "social_assistance.json"
    suite = json.loads(path.read_text("utf-8"))
    suite["expectations"] = [e for e in suite["expectations"] if e["meta"].get("rule") != "month_is_the_period"]
    path.write_text(json.dumps(suite), "utf-8")
    return replace(settings, expectations=folder)


def land_and_load(settings: Settings, folder: Path, period: str, **files: list[list[str]]) -> None:
    paths = [folder / f"{name}.csv" for name in files]
    for path, rows in zip(paths, files.values(), strict=True):
        path.write_bytes(social_csv(rows))
    assert intake.load(intake.land_files("social_assistance", period, paths, settings), settings).accepted


def test_it_mentions_bytes_that_came_for_another_month(any_month: Settings, tmp_path: Path) -> None:
    land_and_load(any_month, tmp_path, "2026-10", a=good())
    assert daily_report.compose(DAY, any_month).content["same_bytes"] == []
    land_and_load(any_month, tmp_path, "2026-09", a=good())
    report = daily_report.compose(NEXT, any_month)
    assert [(row["period"], row["name"]) for row in report.content["same_bytes"]] == [("2026-09", None)]
    assert report.has_news
    assert "social_assistance за 2026-09: байты те же, что за 2026-10" in report.text
    assert daily_report.compose(NEXT + timedelta(days=1), any_month).content["same_bytes"] == []


def test_it_mentions_a_single_file_that_came_for_another_month(any_month: Settings, tmp_path: Path) -> None:
    other = [social_row(n) for n in range(100, 140)]
    land_and_load(any_month, tmp_path, "2026-09", a=good(), b=other)
    land_and_load(any_month, tmp_path, "2026-10", a=good(), b=other[:-1])
    report = daily_report.compose(DAY, any_month)
    assert [(row["period"], row["name"]) for row in report.content["same_bytes"]] == [("2026-10", "a.csv")]
    assert "social_assistance за 2026-10, файл a.csv: байты те же, что за 2026-09" in report.text


def test_it_has_what_was_superseded_withdrawn_or_refused_by_the_gate_and_which_runs_failed(
    quiet: Settings, tmp_path: Path
) -> None:
    def delivered(rows: list[list[str]], day: int) -> intake.BatchResult:
        file = tmp_path / f"s{day}_2026-10.csv"
        file.write_bytes(social_csv(rows))
        made = datetime(2026, 11, day, tzinfo=UTC)
        return intake.load(intake.land_files("social_assistance", "2026-10", [file], quiet, made), quiet)

    later, earlier = delivered(good(), 3), delivered(good(39), 2)
    assert earlier.accepted and intake.superseded_on_arrival(earlier, quiet) == later.delivery_id
    assert intake.superseded_on_arrival(later, quiet) is None
    report = daily_report.compose(DAY - timedelta(days=1), quiet)
    superseded = {"registry": "social_assistance", "period": "2026-10", "delivery_id": earlier.delivery_id}
    assert report.content["superseded"] == [superseded | {"by": later.delivery_id}]
    line = f"выгрузка {earlier.delivery_id}, действует выгрузка {later.delivery_id}"
    assert f"social_assistance за 2026-10: {line}" in report.text
    assert report.content["withdrawn"] == report.content["gate"] == report.content["runs"] == []

    assert later.batch_id is not None
    withdraw(quiet, later.batch_id, "another year", "aigerim")
    breaches = json.dumps({"breaches": ["share_missing population.residents: expected at most 5%, found 40%"]})
    execute(
        quiet,
        text(
            "insert into ledger.build (period, inputs_digest, outcome, details) "
            "values ('2026-10', 'x', 'refused', cast(:breaches as jsonb))"
        ).bindparams(breaches=breaches),
    )
    raise_alarm(Alarm("failed", "livestock", "2026-10, задача load: OSError"), {}, quiet)
    report = daily_report.compose(DAY, quiet)
    assert report.has_news and report.content["superseded"] == []
    for line in (
        f"social_assistance за 2026-10: выгрузка {later.delivery_id}, отозвал aigerim",
        "2026-10: share_missing population.residents: expected at most 5%, found 40%",
        "livestock: 2026-10, задача load: OSError",
    ):
        assert f"  {line}" in report.text
    assert not daily_report.compose(NEXT, quiet).has_news


def test_a_day_has_one_report_however_often_it_is_composed(settings: Settings, tmp_path: Path) -> None:
    first = daily_report.compose(DAY, settings)
    assert not take_in(settings, tmp_path, [])
    assert daily_report.compose(DAY, settings) == first
    assert query(settings, "select count(*) from ledger.daily_report")[0][0] == 1


def test_a_refusal_is_in_the_first_report_after_it_and_in_no_other(quiet: Settings, tmp_path: Path) -> None:
    daily_report.compose(DAY - timedelta(days=1), quiet)
    assert not take_in(quiet, tmp_path, [])
    assert len(daily_report.compose(DAY, quiet).content["refused"]) == 1
    assert daily_report.compose(NEXT, quiet).content["refused"] == []


def test_without_news_nothing_is_sent_and_the_ledger_says_so(quiet: Settings, tmp_path: Path, box: Mailbox) -> None:
    assert take_in(quiet, tmp_path, [*good(), social_row(50, ИИН="123456789012")])
    assert daily_report.compose(DAY, quiet).has_news, "new rows in quarantine"
    report = daily_report.compose(NEXT, quiet)
    assert not report.has_news and report.content["overdue"] == []
    assert report.content["quarantine"], "what is still open is in the report, and is no news"
    assert daily_report.send(NEXT, address(box), quiet).sent_at is None
    assert box.messages == []
    assert [row.has_news for row in query(quiet, "select has_news from ledger.daily_report order by day")] == [
        True,
        False,
    ]


def test_it_is_sent_once_as_one_mail_to_all(settings: Settings, box: Mailbox) -> None:
    report = daily_report.compose(DAY, settings)
    assert report.sent_at is None
    assert daily_report.send(DAY, address(box), settings).sent_at is not None
    assert daily_report.send(DAY, address(box), settings).sent_at is not None
    (message,) = box.messages
    assert box.recipients == [["owner@example.kz", "engineer@example.kz"]]
    assert subject(message).startswith("Ауыл, 20.11.2026: опаздывает реестров: ")
    body = message.get_body(("plain",))
    assert body is not None and body.get_content().replace("\r\n", "\n").strip() == report.text
    (attached,) = message.iter_attachments()
    assert json.loads(attached.get_content()) == report.content


def test_a_server_that_refuses_leaves_it_unsent_and_the_next_try_sends_it(settings: Settings, box: Mailbox) -> None:
    daily_report.compose(DAY, settings)
    box.refuses = "451 try later"
    with pytest.raises(mail.MailNotSent, match="451"):
        daily_report.send(DAY, address(box), settings)
    assert query(settings, "select count(*) from ledger.daily_report_mail")[0][0] == 0
    box.refuses = ""
    assert daily_report.send(DAY, address(box), settings).sent_at is not None
    assert len(box.messages) == 1


def test_without_a_connection_it_is_composed_and_not_sent(settings: Settings) -> None:
    daily_report.compose(DAY, settings)
    assert daily_report.send(DAY, None, settings).sent_at is None
    with pytest.raises(KeyError):
        daily_report.send(NEXT, None, settings)


def test_no_person_is_in_it(settings: Settings, tmp_path: Path) -> None:
    number = iin(77)
    rows = [social_row(n, ИИН=number, ФАМИЛИЯ="СЕКРЕТОВ", ПЕРИОД="09.2026") for n in range(1, 41)]
    assert not take_in(settings, tmp_path, rows, f"{number}_2026-10.csv")
    broken = tmp_path / f"{number}.csv"
    broken.write_bytes(f"{number};СЕКРЕТОВ\r\n1;2\r\n".encode("cp1251"))
    delivery = intake.land_files("social_assistance", "2026-09", [broken], settings)
    assert not intake.load(delivery, settings).accepted
    report = daily_report.compose(DAY, settings)
    assert len(report.content["refused"]) == 2
    whole = report.text + json.dumps(report.content, ensure_ascii=False)
    assert number not in whole and "СЕКРЕТОВ" not in whole


def test_the_password_is_given_and_never_shown(box: Mailbox) -> None:
    at = address(box).replace("smtp://", f"smtp://auyl:{PASSWORD}@")
    assert mail.send(at, "s", "t") == 2
    assert box.logins[-1] == ("auyl", PASSWORD)
    with pytest.raises(mail.MailNotSent) as error:
        mail.send(at.replace(PASSWORD, "topsecret"), "s", "t")
    assert "535" in str(error.value) and "topsecret" not in str(error.value)
    with pytest.raises(mail.MailNotSent) as error:
        mail.send("smtp://a:topsecret@127.0.0.1:1/?from=a@b.kz&to=c@d.kz&security=none", "s", "t")
    assert "ConnectionRefusedError" in str(error.value) and "topsecret" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "smtp://127.0.0.1/?from=a@b.kz",
        "smtp://127.0.0.1/?to=a@b.kz",
        "smtp:///?from=a@b.kz&to=c@d.kz",
        "smtp://h/?from=a@b.kz&to=c@d.kz&security=maybe",
        "smtp://u:p@mail.example.kz/?from=a@b.kz&to=c@d.kz&security=none",
    ],
)
def test_an_address_that_cannot_be_right_is_refused_before_anything_is_sent(wrong: str) -> None:
    with pytest.raises(SettingMissing, match="auyl_smtp"):
        mail.send(wrong, "s", "t")
