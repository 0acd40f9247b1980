"""The daily report: once a night, what owners and engineers have to know, instead of one mail for each task.

The ledger has one for each day; composed again it is the same. It counts and names registries, never persons.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from auyl import contracts, ledger
from auyl.intake.overdue import NEVER, due_deliveries, without_content
from auyl.periods import LOCAL, PERIOD
from auyl.reports import mail, sudden_news
from auyl.settings import Settings, from_environment
from auyl.store.locks import DAILY_REPORT, lock

log = logging.getLogger(__name__)

STATES = {"overdue": "не поступил", "refused": "прислан, но не принят", "carried_forward": "не поступил"}
REASONS = {"late": "опаздывает", "refused": "прислан, но не принят", "never": "ещё ни разу не принимался"}


def compose(day: date, settings: Settings | None = None) -> ledger.DailyReport:
    """Compose the report of `day` and write it to the ledger; one that is there already is returned as it is."""
    settings = settings or from_environment()
    with lock(settings, DAILY_REPORT):
        report = ledger.daily_report(settings, day)
        if report is None:
            since = ledger.previous_report_at(settings, day)
            content, has_news = _content(settings, day, since)
            ledger.add_daily_report(settings, day, since, has_news, content, as_text(content))
            report = ledger.daily_report(settings, day)
    if report is None:  # pragma: no cover - it was written a moment ago
        raise LookupError(f"daily report of {day}")
    return report


def as_of_now(settings: Settings, day: date) -> dict[str, Any]:
    """The content that the next report would have if it were composed at this moment. Nothing is stored."""
    return _content(settings, day, ledger.previous_report_at(settings, day))[0]


def send(day: date, address: str | None, settings: Settings | None = None) -> ledger.DailyReport:
    """Send the report of `day` once, as one mail (see `mail.send`). Without news or address nothing is sent.

    Killed between the server's answer and the ledger row it is sent again under the same message id.
    Raises KeyError when no report of that day was composed, MailNotSent, SettingMissing.
    """
    settings = settings or from_environment()
    with lock(settings, DAILY_REPORT):
        report = ledger.daily_report(settings, day)
        if report is None:
            raise KeyError(f"no daily report of {day}")
        if report.sent_at is not None or not report.has_news or address is None:
            log.info("report of %s: has_news %s, nothing to send\n%s", day, report.has_news, report.text)
            return report
        attached = {f"report_{day}.json": json.dumps(report.content, ensure_ascii=False, indent=1).encode()}
        overdue = len(report.content.get("overdue", ()))
        subject = f"Ауыл, {day:%d.%m.%Y}: " + (f"опаздывает реестров: {overdue}" if overdue else "новое в реестрах")
        recipients = mail.send(address, subject, report.text, attached, message_id=f"auyl-report-{day}")
        ledger.add_daily_report_mail(settings, day, recipients)
        log.info("report of %s sent to %s recipients", day, recipients)
        return ledger.daily_report(settings, day) or report


def _content(settings: Settings, day: date, since: datetime | None) -> tuple[dict[str, Any], bool]:
    known = contracts.load_all(settings.include)
    overdue = [due for due in due_deliveries(settings, day) if due.is_overdue]
    refused = ledger.refusals_since(settings, since)
    same_bytes = ledger.same_bytes_since(settings, since)
    sudden = sudden_news.since(settings, since)
    quarantine = ledger.open_quarantine(settings, [c.registry for c in known if c.is_delta])
    snapshot = ledger.newest_snapshot(settings)
    without = ledger.missing_in_snapshot(settings, snapshot["period"]) if snapshot else []

    def is_new(when: datetime) -> bool:
        return since is None or when > since

    has_news = (
        bool(overdue or refused or same_bytes or any(sudden.values()))
        or any(is_new(row["newest"]) for row in quarantine)
        or bool(snapshot and without and is_new(snapshot["published_at"]))
    )
    content = {
        "day": day,
        "since": since,
        "overdue": [asdict(due) for due in overdue],
        "refused": [
            {
                "registry": row["registry"],
                "period": row["period"],
                "refused_at": row["refused_at"],
                "reason": without_content(row["details"]),
            }
            for row in refused
        ],
        "same_bytes": same_bytes,
        **sudden,
        "quarantine": quarantine,
        "snapshot": snapshot | {"without": without} if snapshot else None,
    }
    # The same form whether it was composed now or read from the ledger.
    return json.loads(json.dumps(content, default=_iso)), has_news


def _iso(value: date | datetime) -> str:
    return value.astimezone(LOCAL).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def as_text(content: dict[str, Any]) -> str:
    """The report as people read it, in Russian."""
    lines = [f"Ауыл: реестры на {_day(content['day'])}"]

    def section(title: str, rows: list[str]) -> None:
        lines.extend(["", f"{title}: {len(rows) or 'нет'}", *(f"  {row}" for row in rows)])

    section("Срок прошёл, реестр не в силе", [_overdue_line(row) for row in content["overdue"]])
    section(
        "Не приняты с прошлого отчёта",
        [f"{r['registry']} за {r['period']}, {_time(r['refused_at'])}: {r['reason']}" for r in content["refused"]],
    )
    section(
        "Приняты, но байты те же, что за другой период",
        [_same_bytes_line(row) for row in content.get("same_bytes", ())],
    )
    for title, rows in sudden_news.sections(content):
        section(title, rows)
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


def _same_bytes_line(row: dict[str, Any]) -> str:
    other = PERIOD.search(row["expected"])
    file = f", файл {row['name']}" if row["name"] else ""
    return f"{row['registry']} за {row['period']}{file}: байты те же, что за {other.group() if other else '?'}"


def _overdue_line(row: dict[str, Any]) -> str:
    line = f"{row['registry']} за {row['period']}: {STATES[row['state']]}, срок {_day(row['due_on'])}"
    line += f", опоздание {row['overdue_days']} дн."
    if row["counted_period"]:
        line += f", пока действует за {row['counted_period']}"
    reason = "ещё не поступал ни разу" if row["reason"] == NEVER else row["reason"]
    return line + (f" ({reason})" if reason else "") + f". Отвечает: {row['owner']}"


def _day(text: str) -> str:
    return f"{date.fromisoformat(text[:10]):%d.%m.%Y}"


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%d.%m.%Y %H:%M}"
