"""How long to wait before a source is asked again."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom

ATTEMPTS = 6
LONGEST_WAIT_S = 30.0

_random = SystemRandom()


def wait_s(attempt: int) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 0): twice as long each time, up to LONGEST_WAIT_S.

    A quarter more or less by chance, so that all that a source refused at once does not come back at once.
    """
    return min(LONGEST_WAIT_S, 0.2 * 2**attempt) * _random.uniform(0.75, 1.25)


def retry_after_s(stated: str) -> float | None:
    """Seconds that a Retry-After header asks for, a number or a date (RFC 9110, 10.2.3); None when it says neither."""
    if stated.isascii() and stated.isdigit():
        return float(stated)
    try:
        return max(0.0, (parsedate_to_datetime(stated) - datetime.now(tz=UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
