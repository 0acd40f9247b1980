"""Attempts at a source that did not answer: how many, how long to wait between them, when to give up."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import TypeVar

from auyl.errors import SourceNotReady, SourceUnavailable

ATTEMPTS = 6
LONGEST_WAIT_S = 30.0

_random = SystemRandom()
_Result = TypeVar("_Result")


class AttemptFailed(Exception):
    """An attempt failed and the next one may succeed; `wait_s` is how long the source asked to be left alone."""

    def __init__(self, trouble: str, wait_s: float | None = None) -> None:
        super().__init__(trouble)
        self.wait_s = wait_s


class Backoff:
    """Counts the attempts that failed in a row. `failure` begins the error, as in "population: no token"."""

    def __init__(self, failure: str) -> None:
        self._failure = failure
        self.failed = 0

    def next_wait_s(self, attempt: AttemptFailed) -> float:
        """Seconds to wait after a failed attempt: as the source asked, else longer each time; LONGEST_WAIT_S at most.

        Raises SourceUnavailable after ATTEMPTS.
        """
        self.failed += 1
        if self.failed >= ATTEMPTS:
            # Not from the error before it, whose text may hold an address with credentials.
            failure = f"{self._failure} in {ATTEMPTS} attempts, last: {attempt}; nothing was landed"
            raise SourceUnavailable(failure) from None
        if attempt.wait_s is not None:
            return min(LONGEST_WAIT_S, attempt.wait_s)
        return growing_wait_s(self.failed - 1)

    def reset(self) -> None:
        """The source gave something: the next failure is the first one again."""
        self.failed = 0


def growing_wait_s(attempt: int) -> float:
    """Seconds to wait after failed attempt number `attempt`, counted from 0: 0.2 s, doubled each time.

    A quarter more or less at random, so that clients which failed together do not all return together.
    """
    return min(LONGEST_WAIT_S, 0.2 * 2**attempt) * _random.uniform(0.75, 1.25)


def retry(failure: str, attempt: Callable[[], _Result]) -> _Result:
    """The result of the first `attempt` that does not raise AttemptFailed. Raises SourceUnavailable after ATTEMPTS."""
    backoff = Backoff(failure)
    while True:
        try:
            return attempt()
        except AttemptFailed as failed:
            time.sleep(backoff.next_wait_s(failed))


def status_failed(source: str, status: int, retry_after: str) -> AttemptFailed:
    """The failure for an HTTP status; `retry_after` is the header of that name or empty.

    Raises SourceNotReady for a busy source (429, 503) that asks to be left alone longer than LONGEST_WAIT_S.
    """
    asked_s = retry_after_s(retry_after)
    if asked_s is not None and asked_s > LONGEST_WAIT_S and status in (429, 503):
        raise SourceNotReady(f"{source} answered {status} and asks to be left alone for {asked_s:.0f} s", asked_s)
    return AttemptFailed(f"status {status}", asked_s)


def retry_after_s(header: str) -> float | None:
    """Seconds that a Retry-After header asks for, a number or a date (RFC 9110, 10.2.3); None when it is neither."""
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(tz=UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
