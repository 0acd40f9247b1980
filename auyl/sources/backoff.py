"""Attempts at a source that did not answer: how many, how long to wait between them, when to give up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import TypeVar

from auyl.contracts import Contract
from auyl.errors import SourceUnavailable

ATTEMPTS = 6
LONGEST_WAIT_S = 30.0
# What a source may ask for at most.
LONGEST_PAUSE_S = 86_400.0
# Seconds since 1970 are meant from 2001 on, milliseconds a thousand times later.
EPOCH_S = 1e9
BUSY = (403, 429, 503)

_random = SystemRandom()
_Result = TypeVar("_Result")


class AttemptFailed(Exception):
    """An attempt failed and the next one may succeed; `wait_s` is how long the source asked to be left alone."""

    def __init__(self, trouble: str, wait_s: float | None = None) -> None:
        super().__init__(trouble)
        self.wait_s = wait_s


class Backoff:
    """Counts the attempts that failed in a row. `failure` begins what was found, as in "no token"."""

    def __init__(self, failure: str, unavailable: Callable[[str], SourceUnavailable] = SourceUnavailable) -> None:
        """`unavailable` makes the error of what was found."""
        self._unavailable = unavailable
        self._failure = failure
        self.failed = 0

    def next_wait_s(self, attempt: AttemptFailed) -> float:
        """Seconds to wait after a failed attempt: longer each time, or as the source asked; LONGEST_WAIT_S at most.

        Raises SourceUnavailable after ATTEMPTS.
        """
        self.failed += 1
        if self.failed >= ATTEMPTS:
            # Not from the error before it, whose text may hold an address with credentials.
            failure = f"{self._failure} in {ATTEMPTS} attempts, last: {attempt}; nothing was landed"
            raise self._unavailable(failure) from None
        return min(LONGEST_WAIT_S, max(attempt.wait_s or 0.0, growing_wait_s(self.failed - 1)))

    def reset(self) -> None:
        """The source gave something: the next failure is the first one again."""
        self.failed = 0


def growing_wait_s(attempt: int) -> float:
    """Seconds to wait after failed attempt number `attempt`, counted from 0: 0.2 s, doubled each time.

    A quarter more or less at random, so that clients which failed together do not all return together.
    """
    return min(LONGEST_WAIT_S, 0.2 * 2**attempt) * _random.uniform(0.75, 1.25)


def retry(contract: Contract, failure: str, attempt: Callable[[], _Result]) -> _Result:
    """The result of the first `attempt` that does not raise AttemptFailed. Raises SourceUnavailable after ATTEMPTS."""
    backoff = Backoff(failure, contract.broke_off)
    while True:
        try:
            return attempt()
        except AttemptFailed as failed:
            time.sleep(backoff.next_wait_s(failed))


def status_failed(contract: Contract, source: str, status: int, retry_after: str) -> AttemptFailed:
    """The failure for an HTTP status; `retry_after` is the header of that name or empty.

    Raises SourceNotReady for a busy source (BUSY) that asks to be left alone longer than LONGEST_WAIT_S.
    """
    asked_s = retry_after_s(retry_after)
    if asked_s is not None and asked_s > LONGEST_WAIT_S and status in BUSY:
        found = f"{source} answered {status} and asks to be left alone for {asked_s:.0f} s"
        raise contract.not_ready("an answer", found, asked_s)
    return AttemptFailed(f"status {status}", asked_s)


def retry_after_s(header: str) -> float | None:
    """Seconds that a Retry-After header asks for, LONGEST_PAUSE_S at most; None when it says nothing readable.

    A number or a date (RFC 9110, 10.2.3); also a number of seconds or milliseconds since 1970 and a date as ISO 8601.
    """
    header = header.strip()
    if re.fullmatch(r"[0-9]{1,20}(\.[0-9]*)?", header):
        asked_s = float(header)
        if asked_s >= EPOCH_S:
            asked_s = asked_s / (1000 if asked_s >= 1000 * EPOCH_S else 1) - time.time()
    else:
        moment = _moment(header)
        if moment is None:
            return None
        asked_s = (moment - datetime.now(tz=UTC)).total_seconds()
    return min(LONGEST_PAUSE_S, max(0.0, asked_s))


def _moment(text: str) -> datetime | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError, IndexError):
            continue
    return None
