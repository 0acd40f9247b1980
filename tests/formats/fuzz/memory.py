"""How much memory a trial takes at its peak, of this process and of its children."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from types import TracebackType

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Peak:
    """Measures what the process takes more at its peak within the block than before it; of children, their largest.

    Where Linux does not let the peak be reset, a peak below an earlier one stays unseen.
    """

    bytes: int = 0

    def __enter__(self) -> Peak:
        with contextlib.suppress(OSError):
            RESET.write_text("5")
        self._before = _own()
        # Linux counts the size of the parent as that of a child that has not begun its program yet.
        self._child = max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10, self._before)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.bytes = max(_own() - self._before, (child << 10) - self._child)


def _own() -> int:
    """The largest resident size of this process since its last reset, in bytes."""
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
