"""Seconds of each part of a run. The time of a nested part does not count for the outer one, so that all add up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS: dict[str, float] = {}
_inner: list[float] = []


@contextmanager
def part(name: str) -> Iterator[None]:
    """Add the duration of the block to the part `name`."""
    began = time.perf_counter()
    _inner.append(0.0)
    yield
    spent = time.perf_counter() - began
    SECONDS[name] = SECONDS.get(name, 0.0) + spent - _inner.pop()
    if _inner:
        _inner[-1] += spent
