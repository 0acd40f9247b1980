"""A limit of the whole of what is asked of another side: a timeout of a socket begins again with each byte of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class TookTooLong(Exception):
    """The other side did not end in time. What was asked may still happen."""


def within(seconds: float, step: Callable[[], Result]) -> Result:
    """The result of `step`, or what it raises; TookTooLong when it is not there after so many seconds.

    The step then goes on in a thread that ends with the process.
    """
    outcome: list[Result] = []
    raised: list[Exception] = []

    def run() -> None:
        try:
            outcome.append(step())
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not outcome:
        raise TookTooLong
    return outcome[0]
