"""Is a pull one whole? Pages and parts that are read one after another may shift while they are read.

A record that comes again on another page stands where one is missing. A record twice on one page is the source's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from auyl.contracts import Contract
from auyl.errors import AuylError
from auyl.sources import backoff

READINGS = 3
_Result = TypeVar("_Result")


class NotWhole(Exception):
    """What was read is not one whole, and another reading may be; `error` is raised when none is."""

    def __init__(self, error: AuylError) -> None:
        super().__init__(str(error))
        self.error = error


def read_whole(reading: Callable[[], _Result]) -> _Result:
    """The first reading that is one whole, of READINGS. Raises the error of the last."""
    for attempt in range(READINGS - 1):
        try:
            return reading()
        except NotWhole:
            time.sleep(backoff.growing_wait_s(attempt))
    try:
        return reading()
    except NotWhole as last:
        raise last.error from None


class RecordsOnce:
    """Watches the records of one reading, each by its key and its content, for those that come again."""

    def __init__(self, contract: Contract, unit: str) -> None:
        """`unit`: what is numbered, a page or a part."""
        self.contract = contract
        self.unit = unit
        self.changed = 0
        self._seen: dict[int, int] = {}

    def add(self, number: int, name: str, records: Iterable[tuple[Hashable, str]]) -> None:
        """Add the records of page or part `number`: key (None: none) and content. Raises NotWhole.

        A record that comes again with another content may have changed while it was read, or be the source's own:
        `changed` counts those.
        """
        fresh: dict[int, int] = {}
        again = 0
        for key, content in records:
            digest = hash(content)
            where = hash((key,)) if key is not None else digest
            if where not in self._seen:
                fresh[where] = digest
            elif self._seen[where] == digest:
                again += 1
            else:
                self.changed += 1
        if again:
            raise NotWhole(
                self.contract.refusal(
                    name,
                    f"each record on one {self.unit}, in {READINGS} readings",
                    f"{again} records of earlier {self.unit}s again on {self.unit} {number}, so that others are "
                    f"missing; the order must not change while {self.unit}s are read",
                )
            )
        self._seen |= fresh

    def check_settled(self, name: str, is_settled: bool) -> None:
        """Raises NotWhole for records that came again with another content, unless the reading before was the same."""
        if self.changed and not is_settled:
            found = f"{self.changed} records twice, with other values, and other {self.unit}s in the next reading"
            raise NotWhole(self.contract.refusal(name, f"each record on one {self.unit}", found))
