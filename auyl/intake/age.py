"""Age: what an extract or its file says of the time at which it was made, and whether that can be.

A statement is the time in the extract's envelope, of its source's clock, or of an operator. The time stamp of a file is
none: copying a file changes it, and keeps its bytes. It stands in where nothing else says a time, and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auyl import sources
from auyl.contracts import Contract
from auyl.periods import CLOCK_TOLERANCE, LOCAL, month_before, period_of, span_end
from auyl.store.regular import Opener, open_regular

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Age:
    """When an extract was made; `is_stated` unless it is only the time stamp of a file."""

    extracted_at: datetime
    is_stated: bool


def age_of(
    contract: Contract, files: list[Path], stated_at: datetime | None, by: str, opener: Opener = open_regular
) -> Age:
    """The age of an extract that arrives now: as its envelope says, else `stated_at`, which `by` states.

    `opener` opens the files. Raises ExtractRefused for a time after the arrival: that of an envelope, of `by` or of a
    time stamp of a file.
    """
    now = datetime.now(tz=UTC)
    in_envelope = sources.extracted_at(contract, files, opener)
    if in_envelope is not None:
        file, made = in_envelope
        _refuse_future(contract, file.name, made, now, f"in its field {contract.envelope['extracted_at']}")
    elif stated_at is not None:
        _refuse_future(contract, files[0].name, stated_at, now, f"as {by} says")
    stamps = {file: _time_stamp(file) for file in files}
    newest = max(files, key=lambda file: stamps[file])
    _refuse_future(contract, newest.name, stamps[newest], now, "as the time stamp of the file")
    if in_envelope is not None:
        return Age(in_envelope[1], True)
    if stated_at is not None:
        return Age(stated_at, True)
    return Age(stamps[newest], False)


def refuse_month_to_come(contract: Contract, period: str, file: str | Path, owner: str | None = None) -> None:
    """Raise ExtractRefused for an extract of a month that has not begun; of quarters and years, for none of its months.

    Accepted, it would be the newest period that commands without --period take.
    """
    months = max(contract.frequency_months, 1)
    begins, now = month_before(span_end(period, months), months - 1), period_of(datetime.now(LOCAL).date())
    if begins > now:
        raise contract.refusal(file, f"an extract of a month that has begun, {now} or before", period, owner=owner)


def _time_stamp(file: Path) -> datetime:
    try:
        return datetime.fromtimestamp(file.lstat().st_mtime, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return _EPOCH if file.lstat().st_mtime < 0 else datetime.max.replace(tzinfo=UTC)


def _refuse_future(contract: Contract, file: str, when: datetime, now: datetime, where: str) -> None:
    if when <= now + CLOCK_TOLERANCE:
        return
    raise contract.refusal(
        file,
        f"a time of its making before its arrival here, {_words(now)}",
        f"{_words(when)}, {where}: is the clock or the time zone of the source wrong?",
    )


def _words(when: datetime) -> str:
    if when.year >= 9999:
        return "a time after the year 9999"
    return f"{when.astimezone(LOCAL):%Y-%m-%d %H:%M %z}"
