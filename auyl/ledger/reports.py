"""Daily reports: what owners and engineers were sent, and what the newest snapshot goes without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql

from auyl.ledger import tables
from auyl.ledger.queries import dicts, execute, record_or_none, scalar, sql_file
from auyl.settings import Settings


@dataclass(frozen=True)
class DailyReport:
    """The report of a day. `since` is when the previous report was composed; `sent_at` is null without a mail."""

    day: date
    composed_at: datetime
    since: datetime | None
    has_news: bool
    content: dict[str, Any]
    text: str
    sent_at: datetime | None


_C = tables.daily_report.c


def daily_report(settings: Settings, day: date | None = None) -> DailyReport | None:
    """The report of a day, or the newest one."""
    mail = tables.daily_report_mail
    newest = (
        select(_C.day, _C.composed_at, _C.since, _C.has_news, _C.content, _C.text, mail.c.sent_at)
        .join_from(tables.daily_report, mail, _C.day == mail.c.day, isouter=True)
        .order_by(_C.day.desc())
        .limit(1)
    )
    if day is not None:
        newest = newest.where(_C.day == day)
    return record_or_none(settings, newest, DailyReport)


def add_daily_report(
    settings: Settings, day: date, since: datetime | None, has_news: bool, content: dict[str, Any], words: str
) -> None:
    """Keep the report of a day; one that is there already stays as it is."""
    report = postgresql.insert(tables.daily_report).values(
        day=day, since=since, has_news=has_news, content=content, text=words
    )
    execute(settings, report.on_conflict_do_nothing(index_elements=["day"]))


def add_daily_report_mail(settings: Settings, day: date, recipients: int) -> None:
    """Write down that the report of a day was sent."""
    mail = postgresql.insert(tables.daily_report_mail).values(day=day, recipients=recipients)
    execute(settings, mail.on_conflict_do_nothing(index_elements=["day"]))


def previous_report_at(settings: Settings, day: date) -> datetime | None:
    """When the newest report of an earlier day was composed."""
    return scalar(settings, select(func.max(_C.composed_at)).where(_C.day < day))


def missing_in_snapshot(settings: Settings, period: str, revision: int | None = None) -> list[dict[str, Any]]:
    """What a revision of `period`, or the current one, goes without: registry, last_period, reason (late, refused,
    never).
    """
    m, current = tables.snapshot_missing, tables.current_snapshot
    missing = select(m.c.registry, m.c.last_period, m.c.reason).where(m.c.period == period)
    if revision is None:
        missing = missing.join_from(current, m, (current.c.period == m.c.period) & (current.c.revision == m.c.revision))
    else:
        missing = missing.where(m.c.revision == revision)
    return dicts(settings, missing.order_by(m.c.registry))


def newest_snapshot(settings: Settings) -> dict[str, Any] | None:
    """Period, revision and published_at of the newest current snapshot."""
    s, current = tables.snapshot, tables.current_snapshot
    newest = (
        select(s.c.period, s.c.revision, s.c.published_at)
        .join_from(current, s, (current.c.period == s.c.period) & (current.c.revision == s.c.revision))
        .order_by(s.c.period.desc())
        .limit(1)
    )
    return next(iter(dicts(settings, newest)), None)


def period_overview(settings: Settings) -> list[dict[str, Any]]:
    """Periods with accepted extracts, newest first: period, registries, deliveries, refused, revision (current)."""
    return dicts(settings, sql_file(settings, "periods"))


def refused_builds_since(settings: Settings, since: datetime | None) -> list[dict[str, Any]]:
    """Snapshots that the gate refused after `since`, oldest first: period, built_at, details (breaches)."""
    return dicts(settings, sql_file(settings, "refused_builds", since=since))
