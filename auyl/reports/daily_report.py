"""Digest: once a night, what owners and engineers have to know, instead of one mail a task.

Kept in the ledger, one a day; composed again it is the same. It counts and names registries, never persons.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from auyl import contracts, ledger
from auyl.intake.overdue import NEVER, expected, without_content
from auyl.periods import LOCAL
from auyl.reports import mail
from auyl.settings import Settings, from_environment
from auyl.store.locks import DAILY_REPORT, lock

log = logging.getLogger(__name__)

STATES = {"late": "не поступил", "refused": "прислан, но не принят", "carried_forward": "не поступил"}
REASONS = {"late": "опаздывает", "refused": "прислан, но не принят", "never": "ещё ни разу не принимался"}


def keep(day: date, settings: Settings | None = None) -> ledger.DailyReport:
    """Compose the digest of `day` and keep it; the one that is kept already is returned as it is."""
    settings = settings or from_environment()
    with lock(settings, DAILY_REPORT):
        found = ledger.daily_report(settings, day)
        if found is None:
            since = ledger.previous_report_at(settings, day)
            content, has_news = _content(settings, day, since)
            ledger.add_daily_report(settings, day, since, has_news, content, in_words(content))
            found = ledger.daily_report(settings, day)
    if found is None:  # pragma: no cover - it was written a moment ago
        raise LookupError(f"digest of {day}")
    return found


def send(day: date, address: str | None, settings: Settings | None = None) -> ledger.DailyReport:
    """Send the digest of `day` once, as one mail (see `mail.send`). Without news or address nothing is sent.

    Killed between the server's answer and the ledger row it is sent again under the same message id.
    Raises KeyError when none is kept of that day, MailNotSent, SettingMissing.
    """
    settings = settings or from_environment()
    with lock(settings, DAILY_REPORT):
        found = ledger.daily_report(settings, day)
        if found is None:
            raise KeyError(f"no digest of {day}")
        if found.sent_at is not None or not found.has_news or address is None:
            log.info("digest of %s: has_news %s, nothing to send\n%s", day, found.has_news, found.text)
            return found
        attached = {f"digest_{day}.json": json.dumps(found.content, ensure_ascii=False, indent=1).encode()}
        late = len(found.content["late"])
        subject = f"Ауыл, {day:%d.%m.%Y}: " + (f"опаздывает реестров: {late}" if late else "новое в реестрах")
        recipients = mail.send(address, subject, found.text, attached, message_id=f"auyl-digest-{day}")
        ledger.add_daily_report_mail(settings, day, recipients)
        log.info("digest of %s sent to %s recipients", day, recipients)
        return ledger.daily_report(settings, day) or found


def _content(settings: Settings, day: date, since: datetime | None) -> tuple[dict[str, Any], bool]:
    known = contracts.load_all(settings.include)
    late = [promise for promise in expected(settings, day) if promise.is_late]
    refused = ledger.refusals_since(settings, since)
    kept_back = ledger.open_quarantine(settings, [c.registry for c in known if c.is_delta])
    snapshot = ledger.newest_snapshot(settings)
    without = ledger.missing_in_snapshot(settings, snapshot["period"]) if snapshot else []

    def is_new(when: datetime) -> bool:
        return since is None or when > since

    has_news = (
        bool(late or refused)
        or any(is_new(row["newest"]) for row in kept_back)
        or bool(snapshot and without and is_new(snapshot["published_at"]))
    )
    content = {
        "day": day,
        "since": since,
        "late": [asdict(promise) for promise in late],
        "refused": [
            {
                "registry": row["registry"],
                "period": row["period"],
                "refused_at": row["refused_at"],
                "reason": without_content(row["details"]),
            }
            for row in refused
        ],
        "quarantine": kept_back,
        "snapshot": snapshot | {"without": without} if snapshot else None,
    }
    # As it will be read from the ledger: one form, whether composed now or kept.
    return json.loads(json.dumps(content, default=_iso)), has_news


def _iso(value: date | datetime) -> str:
    return value.astimezone(LOCAL).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def in_words(content: dict[str, Any]) -> str:
    """The digest as people read it, in Russian."""
    lines = [f"Ауыл: реестры на {_day(content['day'])}"]

    def section(title: str, rows: list[str]) -> None:
        lines.extend(["", f"{title}: {len(rows) or 'нет'}", *(f"  {row}" for row in rows)])

    section("Срок прошёл, реестр не в силе", [_late_in_words(row) for row in content["late"]])
    section(
        "Не приняты с прошлого отчёта",
        [f"{r['registry']} за {r['period']}, {_time(r['refused_at'])}: {r['reason']}" for r in content["refused"]],
    )
    section(
        "На карантине, реестров",
        [f"{r['registry']}: строк {r['rows']}, с {_day(r['since'])}" for r in content["quarantine"]],
    )
    snapshot = content["snapshot"]
    if snapshot is None:
        lines += ["", "Снимок ещё не опубликован"]
    else:
        section(
            f"Снимок за {snapshot['period']}, выпуск {snapshot['revision']}, без реестров",
            [
                f"{r['registry']}: {REASONS[r['reason']]}"
                + (f", последний за {r['last_period']}" if r["last_period"] else "")
                for r in snapshot["without"]
            ],
        )
    return "\n".join(lines)


def _late_in_words(row: dict[str, Any]) -> str:
    told = f"{row['registry']} за {row['period']}: {STATES[row['state']]}, срок {_day(row['due_on'])}"
    told += f", опоздание {row['late_days']} дн."
    if row["stands_in"]:
        told += f", пока действует за {row['stands_in']}"
    reason = "ещё не поступал ни разу" if row["reason"] == NEVER else row["reason"]
    return told + (f" ({reason})" if reason else "") + f". Отвечает: {row['owner']}"


def _day(text: str) -> str:
    return f"{date.fromisoformat(text[:10]):%d.%m.%Y}"


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%d.%m.%Y %H:%M}"
