"""Folders for data on its way: below the home, closed to others, removed afterwards.

What has arrived of a file outlives the process that fetched it, until the file is landed or nobody asks for it.
"""

from __future__ import annotations

import shutil
import tempfile
import time
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


# A source is waited for three weeks.
FORGOTTEN_S = 22 * 86400


def partial_folder(settings: Settings, registry: str, period: str) -> Path:
    """The folder for parts of files that are being fetched; those that nobody went on fetching are removed."""
    root = settings.home / "partial"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in root.iterdir():
        if folder.stat().st_mtime < time.time() - FORGOTTEN_S:
            shutil.rmtree(folder, ignore_errors=True)
    folder = root / f"{registry}_{period}"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def remove_partial(settings: Settings, registry: str, period: str) -> None:
    """Remove the folder, once its files are landed."""
    shutil.rmtree(settings.home / "partial" / f"{registry}_{period}", ignore_errors=True)
