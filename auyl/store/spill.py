"""Folders for data on its way: below the home, closed to others, removed afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auyl.settings import Settings


def spill_root(settings: Settings) -> Path:
    """The folder of all spilled data."""
    root = settings.home / "spill"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return root


@contextmanager
def spill_folder(settings: Settings) -> Iterator[Path]:
    """A new folder for one piece of work, removed at its end."""
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=spill_root(settings)) as folder:
        yield Path(folder)
