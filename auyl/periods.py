"""Periods, the months that facts belong to: arithmetic on `YYYY-MM`; and the time zone of registries and readers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

TIMEZONE = "Asia/Almaty"
# UTC+5 since 1 March 2024, UTC+6 before; times without a zone in extracts are local.
LOCAL = ZoneInfo(TIMEZONE)
# How far the clock of a source may be ahead of ours before a time that it states is refused as one to come.
CLOCK_TOLERANCE = timedelta(minutes=5)
# A pattern to be found within a text, or to match the whole of it.
PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def month_before(period: str, months: int) -> str:
    """The period `months` before `period`; after it where `months` is negative."""
    count = int(period[:4]) * 12 + int(period[5:]) - 1 - months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def last_day(period: str) -> date:
    """Last day of a period."""
    return date.fromisoformat(f"{month_before(period, -1)}-01") - timedelta(days=1)


def period_of(day: date) -> str:
    """The period that a day lies in."""
    return f"{day.year:04d}-{day.month:02d}"


def span_end(period: str, months: int) -> str:
    """Last period of the span of `months` that `period` lies in; spans of 3, 6 and 12 months begin in January."""
    return month_before(period, -((-(int(period[:4]) * 12 + int(period[5:]))) % months))
