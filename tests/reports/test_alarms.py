"""Alarms go out at once, in one message, once a day, to whoever is connected, and what was not taken is known."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import text

from auyl import ledger
from auyl.errors import SettingMissing
from auyl.ledger.queries import execute
from auyl.reports import alarms, daily_report, webhook
from auyl.reports.alarms import Alarm, raise_alarm
from auyl.settings import Settings
from tests.mailbox import Mailbox, mailbox, subject
from tests.reports.hook import Hook, hook

DAY = date(2026, 11, 20)
TOKEN = "123456:AAE-token-of-the-bot"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running


@pytest.fixture
def telegram() -> Iterator[Hook]:
    with hook() as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "QUIET_S", 0.6)


def by_mail(box: Mailbox) -> str:
    return f"smtp://127.0.0.1:{box.port}/?from=auyl%40example.kz&to=night%40example.kz&security=none"


def by_telegram(server: Hook) -> str:
    return f"http://:{quote(TOKEN)}@127.0.0.1:{server.port}/bot{{token}}/sendMessage?chat_id=-100123"


def refused(registry: str, text: str = "2026-10: a.csv: expected a header") -> Alarm:
    return Alarm("refused", registry, text, f"http://airflow/dags/intake_{registry}/runs/1")


def test_28_registries_that_fail_together_make_one_message(settings: Settings, box: Mailbox, telegram: Hook) -> None:
    channels = {"mail": by_mail(box), "webhook": by_telegram(telegram)}
    names = [f"registry_{n:02}" for n in range(28)]
    together = [threading.Thread(target=raise_alarm, args=(refused(n), channels, settings, DAY)) for n in names]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join(60)
    (message,) = box.messages
    assert subject(message) == "Ауыл, тревога: Выгрузка не принята: 28"
    body = message.get_body(("plain",))
    assert body is not None
    said = body.get_content()
    assert all(f"  {name}: 2026-10: a.csv: expected a header" in said for name in names)
    assert "http://airflow/dags/intake_registry_07/runs/1" in said
    (posted,) = telegram.messages
    assert posted["chat_id"] == "-100123" and posted["text"].startswith("Ауыл, тревога: Выгрузка не принята: 28\n\n")
    assert telegram.paths == [f"/bot{TOKEN}/sendMessage"] and telegram.tokens == [None]


def test_the_same_is_said_once_a_day_unless_it_changes(settings: Settings, telegram: Hook) -> None:
    channels = {"webhook": by_telegram(telegram)}
    for alarm in (refused("land"), refused("land"), refused("land", "2026-10: b.csv: expected a header")):
        raise_alarm(alarm, channels, settings, DAY)
    assert len(telegram.messages) == 2
    raise_alarm(refused("land"), channels, settings, DAY + timedelta(days=1))
    assert len(telegram.messages) == 3


def test_what_a_channel_did_not_take_raises_nothing_and_goes_out_with_the_next(
    settings: Settings, box: Mailbox, telegram: Hook
) -> None:
    channels = {"mail": by_mail(box), "webhook": by_telegram(telegram)}
    telegram.status = 502
    raise_alarm(refused("land"), channels, settings, DAY)
    assert len(box.messages) == 1 and telegram.messages == []
    (kept,) = ledger.alarms_since(settings, None)
    assert kept["failed"] == f"webhook: webhook 127.0.0.1:{telegram.port}: status 502" and TOKEN not in kept["failed"]
    report = daily_report.compose(datetime.now(UTC).date(), settings)
    assert report.has_news and "Тревоги, которые не удалось отправить: 1\n  land: webhook" in report.text
    # as if a minute had passed: until then another process may be sending it
    execute(settings, text("update ledger.alarm_sending set at = at - interval '2 minutes'"))
    telegram.status = 200
    raise_alarm(refused("taxes"), channels, settings, DAY)
    (posted,) = telegram.messages
    assert "land: 2026-10" in posted["text"] and "taxes: 2026-10" in posted["text"]
    second = box.messages[1].get_body(("plain",))
    assert second is not None and "taxes" in second.get_content() and "land" not in second.get_content()
    assert [row["failed"] for row in ledger.alarms_since(settings, None)] == [None, None]


def test_a_channel_that_drips_or_never_ends_holds_up_neither_the_task_nor_the_other_channel(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte every 0.2 s: no wait for a byte is long, and the whole would never end."""
    monkeypatch.setattr(alarms, "SENDING_S", 1.0)
    over = threading.Event()

    def drip(listener: socket.socket, beginning: bytes) -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as line:
            line.sendall(beginning)
            while not over.wait(0.2):
                line.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as mail_server, socket.create_server(("127.0.0.1", 0)) as web_server:
        for listener, beginning in ((mail_server, b"220-"), (web_server, b"HTTP/1.1 200 OK\r\nX-A: ")):
            threading.Thread(target=drip, args=(listener, beginning), daemon=True).start()
        to = "from=auyl%40example.kz&to=night%40example.kz&security=none"
        dripping = {"mail": f"smtp://127.0.0.1:{mail_server.getsockname()[1]}/?{to}"}
        dripping["webhook"] = f"http://127.0.0.1:{web_server.getsockname()[1]}/hook"
        began = time.monotonic()
        raise_alarm(refused("land"), dripping, settings, DAY)
        assert time.monotonic() - began < 8
        over.set()
    (waiting,) = ledger.alarms_since(settings, None)
    assert waiting["failed"].count("TookTooLong") == 2


def test_without_a_connection_it_is_written_and_a_line_of_the_log_says_that_nothing_is_sent(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert raise_alarm(refused("land"), {}, settings, DAY) == []
    assert "is not sent: no connection auyl_smtp or auyl_alarm_webhook" in caplog.text
    assert [row["failed"] for row in ledger.alarms_since(settings, None)] == [None]


def test_a_leader_that_was_killed_holds_nobody_back(settings: Settings, telegram: Hook) -> None:
    ledger.add_alarm(settings, "refused", "land", DAY, "2026-10: a.csv", "", ["webhook"])
    execute(settings, text("update ledger.alarm set raised_at = raised_at - interval '1 minute'"))
    raise_alarm(refused("taxes"), {"webhook": by_telegram(telegram)}, settings, DAY)
    (posted,) = telegram.messages
    assert "land: 2026-10" in posted["text"] and "taxes: 2026-10" in posted["text"]


def test_no_number_of_a_person_is_in_it(settings: Settings, telegram: Hook) -> None:
    raise_alarm(refused("land", "2026-10: 850412300123.csv"), {"webhook": by_telegram(telegram)}, settings, DAY)
    assert "850412300123" not in str(telegram.messages) + str(ledger.alarms_since(settings, None))


def test_any_hook_takes_json_and_a_bearer_token(telegram: Hook) -> None:
    at = f"http://:{quote(TOKEN)}@127.0.0.1:{telegram.port}/hooks/x?text_field=content&username=auyl"
    webhook.post(at, "я" * 5000, 5)
    assert telegram.messages == [{"username": "auyl", "content": "я" * 3999 + "…"}]
    assert telegram.tokens == [f"Bearer {TOKEN}"] and telegram.paths == ["/hooks/x"]
    telegram.status = 307
    with pytest.raises(webhook.WebhookNotTaken, match="status 307"):
        webhook.post(at, "x", 5)
    with pytest.raises(webhook.WebhookNotTaken) as error:
        webhook.post(f"http://:{quote(TOKEN)}@127.0.0.1:1/bot{{token}}/x", "x", 5)
    assert "ConnectError" in str(error.value) and TOKEN not in str(error.value)


@pytest.mark.parametrize(
    "wrong", ["ftp://h/x", "https:///x", "https://h/bot{token}/x", "http://:secret@hooks.example.kz/x"]
)
def test_an_address_that_cannot_be_right_is_refused_before_anything_is_sent(wrong: str) -> None:
    with pytest.raises(SettingMissing, match="auyl_alarm_webhook"):
        webhook.post(wrong, "x", 5)
