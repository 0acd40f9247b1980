"""Alarms: what cannot wait for the daily report goes out at once, many of them in one message.

An alarm is a row of the ledger first: the same words about the same subject on the same day are written once. The
process that wrote the first of several waits until no other comes, and sends them all; so 28 registries that fail
together make one message. What a channel did not take goes out with the next alarm, and is in the daily report.
Nothing here holds a value of a row: texts are numbers, names of registries, files, columns and rules.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from auyl import ledger
from auyl.errors import AuylError
from auyl.ledger import RaisedAlarm
from auyl.periods import LOCAL
from auyl.reports import mail, webhook
from auyl.settings import Settings

log = logging.getLogger(__name__)

# Airflow ends a task that is still at work 20 s after it has failed or succeeded ([core] task_success_overtime).
QUIET_S, LONGEST_S, SENDING_S = 3.0, 9.0, 4.0
# A process that wrote the first alarm and was killed does not hold the others back for longer.
LEADS_S = 20.0
LINES = 30
KINDS = {
    "gate": "Снимок не прошёл проверку и не опубликован",
    "refused": "Выгрузка не принята",
    "superseded": "Выгрузка принята, но сразу заменена более поздней",
    "failed": "Запуск не удался после всех повторов",
    "source_late": "Срок прошёл, источник не дал выгрузку",
    "run_late": "Запуск не закончился в срок",
}
# What to do about each kind; docs/operating.md has the same table.
ADVICE = {
    "gate": "проверьте выгрузки периода (auyl extracts) и отзовите неверную (auyl extracts withdraw); если изменение "
            "настоящее, опубликуйте его (auyl snapshot release). До тех пор действует прежний выпуск",
    "refused": "передайте причину владельцу реестра (auyl extracts РЕЕСТР)",
    "superseded": "спросите владельца реестра, какая выгрузка верна; неверную отзовите (auyl extracts withdraw)",
    "failed": "в описании DAG сказано, что делать, когда запуск не удался",
    "source_late": "спросите владельца реестра, когда будет выгрузка",
    "run_late": "проверьте, не ждёт ли задача блокировки в базе данных",
}  # fmt: skip


@dataclass(frozen=True)
class Alarm:
    """Something that cannot wait. `kind` of KINDS; `subject` is a registry or a DAG; `link` leads to the run."""

    kind: str
    subject: str
    text: str
    link: str = ""


def raise_alarm(
    alarm: Alarm, channels: Mapping[str, str], settings: Settings, day: date | None = None
) -> list[RaisedAlarm]:
    """Write an alarm, and send it with all others that wait; returns those that this process has sent.

    `channels`: addresses by name, `mail` (see `mail.send`) and `webhook` (see `webhook.post`); without any nothing is
    sent. A channel that does not take the message is written down and raises nothing.
    """
    day = day or datetime.now(LOCAL).date()
    words = re.sub(r"\d{12}", "************", alarm.text)
    number, waiting = ledger.add_alarm(settings, alarm.kind, alarm.subject, day, words, alarm.link, list(channels))
    if not channels:
        log.info("alarm %s of %s is not sent: no connection auyl_smtp or auyl_alarm_webhook", alarm.kind, alarm.subject)
        return []
    led = [one for one in waiting if one.is_new and (datetime.now(UTC) - one.raised_at).total_seconds() < LEADS_S]
    if not waiting or (led and led[0].alarm_id != number):
        log.info(
            "alarm %s of %s: %s", alarm.kind, alarm.subject, "goes out with others" if number else "was sent before"
        )
        return []
    _gather(settings)
    return send_waiting(channels, settings)


def send_waiting(channels: Mapping[str, str], settings: Settings) -> list[RaisedAlarm]:
    """Send the alarms that some of these channels has not taken; returns them."""
    claimed = ledger.claim_alarms(settings, list(channels)) if channels else []
    for channel, address in channels.items():
        _send(settings, channel, address, [one for one in claimed if channel not in one.taken_by])
    return claimed


def _gather(settings: Settings) -> None:
    """Wait until no further alarm comes."""
    ends = time.monotonic() + LONGEST_S
    while time.monotonic() < ends:
        newest = ledger.newest_alarm_at(settings)
        if newest is None or (datetime.now(UTC) - newest).total_seconds() >= QUIET_S:
            return
        time.sleep(0.5)


def _send(settings: Settings, channel: str, address: str, alarms: Sequence[RaisedAlarm]) -> None:
    if not alarms:
        return
    numbers = [one.alarm_id for one in alarms]
    try:
        if channel == "mail":
            mail.send(address, subject_of(alarms), as_text(alarms), timeout_s=SENDING_S)
        else:
            webhook.post(address, f"{subject_of(alarms)}\n\n{as_text(alarms)}", SENDING_S)
    except Exception as error:
        # Only our own errors are known to hold neither a password nor a token.
        reason = str(error) if isinstance(error, AuylError) else type(error).__name__
        log.warning("%d alarms could not be sent by %s: %s", len(alarms), channel, reason)
        ledger.add_sending(settings, numbers, channel, "failed", reason)
    else:
        log.info("%d alarms sent by %s", len(alarms), channel)
        ledger.add_sending(settings, numbers, channel, "sent", None)


def subject_of(alarms: Sequence[RaisedAlarm]) -> str:
    """One line that says what kinds of alarms a message holds."""
    kinds = dict.fromkeys(one.kind for one in alarms)
    if len(kinds) == 1:
        subjects = list(dict.fromkeys(one.subject for one in alarms))
        about = ", ".join(subjects) if len(subjects) <= 3 else f"{len(subjects)}"
        return f"Ауыл, тревога: {_title(alarms[0].kind)}: {about}"
    return f"Ауыл, тревога: {len(alarms)} событий"


def as_text(alarms: Sequence[RaisedAlarm]) -> str:
    """The alarms by kind, each with what to do, as people read them, in Russian."""
    lines: list[str] = []
    for kind in dict.fromkeys(one.kind for one in alarms):
        of_kind = [one for one in alarms if one.kind == kind]
        lines += ["", f"{_title(kind)}: {len(of_kind)}"]
        if kind in ADVICE:
            lines.append(f"  Что делать: {ADVICE[kind]}")
        for one in of_kind[:LINES]:
            lines.append(f"  {one.subject}: {one.text}")
            if one.link:
                lines.append(f"    {one.link}")
        if len(of_kind) > LINES:
            lines.append(f"  … и ещё {len(of_kind) - LINES}")
    return "\n".join(lines[1:])


def _title(kind: str) -> str:
    return KINDS.get(kind, kind)
