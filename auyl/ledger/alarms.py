"""Alarms: what cannot wait for the daily report, and whether people were sent it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.dialects import postgresql

from auyl.ledger import tables
from auyl.ledger.queries import dicts, scalar, sql_file
from auyl.settings import Settings
from auyl.store.postgres import transaction


@dataclass(frozen=True)
class RaisedAlarm:
    """An alarm of the ledger that some channel has not taken yet.

    `taken_by`: the channels that have. `is_new`: no process has set out to send it.
    """

    alarm_id: int
    kind: str
    subject: str
    text: str
    link: str
    raised_at: datetime
    taken_by: tuple[str, ...]
    is_new: bool


_A = tables.alarm.c


def add_alarm(
    settings: Settings, kind: str, subject: str, day: date, words: str, link: str, channels: Sequence[str]
) -> tuple[int | None, list[RaisedAlarm]]:
    """Write an alarm; one with the same words on the same day is there already, and None is returned for it.

    Returns its number, and all alarms that wait for one of the `channels`.
    """
    new = postgresql.insert(tables.alarm).values(
        kind=kind, subject=subject, day=day, text=words, link=link, digest=hashlib.sha256(words.encode()).hexdigest()
    )
    new = new.on_conflict_do_nothing(index_elements=["kind", "subject", "day", "digest"])
    with transaction(settings) as con:
        _one_at_a_time(con)
        return con.execute(new.returning(_A.alarm_id)).scalar(), _waiting(con, settings, channels)


def newest_alarm_at(settings: Settings) -> datetime | None:
    """When the newest alarm was raised."""
    return scalar(settings, select(func.max(_A.raised_at)))


def claim_alarms(settings: Settings, channels: Sequence[str]) -> list[RaisedAlarm]:
    """Take all alarms that wait for one of the `channels`, so that no other process sends them meanwhile."""
    with transaction(settings) as con:
        _one_at_a_time(con)
        waiting = _waiting(con, settings, channels)
        if waiting:
            rows = [{"alarm_id": alarm.alarm_id, "outcome": "claimed"} for alarm in waiting]
            con.execute(insert(tables.alarm_sending), rows)
        return waiting


def add_sending(settings: Settings, alarm_ids: Iterable[int], channel: str, outcome: str, detail: str | None) -> None:
    """Write down that a channel took these alarms (`sent`) or did not (`failed`, with the reason)."""
    rows = [{"alarm_id": one, "channel": channel, "outcome": outcome, "detail": detail} for one in alarm_ids]
    with transaction(settings) as con:
        con.execute(insert(tables.alarm_sending), rows)


def alarms_since(settings: Settings, since: datetime | None) -> list[dict[str, Any]]:
    """Alarms raised after `since`, oldest first.

    Columns kind, subject, day, text, link, raised_at, failed (channels that did not take it, and why).
    """
    return dicts(settings, sql_file(settings, "alarms_since", since=since))


def _one_at_a_time(con: Connection) -> None:
    # Who writes an alarm and who claims them see each other's rows; both take milliseconds.
    con.execute(text("lock table ledger.alarm_sending in share row exclusive mode"))


def _waiting(con: Connection, settings: Settings, channels: Sequence[str]) -> list[RaisedAlarm]:
    rows = con.execute(sql_file(settings, "alarms_waiting", channels=list(channels))).mappings()
    return [RaisedAlarm(**dict(row) | {"taken_by": tuple(row["taken_by"])}) for row in rows]
