"""Folders for data on its way: below the home, closed to others, removed afterwards.

What a dead process left is removed by the next one that starts: a process holds a lock as long as it lives, and the
names of its folders begin with the name of that lock. What has arrived of a file outlives the process that fetched it,
until the file is landed or nobody asks for it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

from auyl.settings import Settings
from auyl.store.closed import check_closed, closed_folder

# A source is waited for three weeks.
FORGOTTEN_S = 22 * 86400


def spill_path(settings: Settings, name: str) -> Path:
    """The path for a folder of this process; whoever makes it removes it, or the next process after this one's end."""
    home = closed_folder(settings.home, "AUYL_HOME")
    # A fork has its parent's memory; the lock that it inherited is its parent's.
    with _STARTING:
        token = _token(os.getpid(), home)
    root = home / "spill"
    root.mkdir(exist_ok=True, mode=0o700)
    return root / f"{token}-{name}"


@contextmanager
def spill_folder(settings: Settings) -> Iterator[Path]:
    """A new folder for one piece of work, removed at its end."""
    prefix = spill_path(settings, "")
    with tempfile.TemporaryDirectory(prefix=prefix.name, dir=prefix.parent) as folder:
        yield Path(folder)


_STARTING = Lock()


@cache
def _token(process: int, home: Path) -> str:
    """Sweep once a process, then take the lock that says that it lives."""
    sweep(home)
    alive = home / "alive"
    alive.mkdir(exist_ok=True, mode=0o700)
    while True:
        file = alive / f"{process}-{secrets.token_hex(4)}"
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)  # held until the process ends
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if file.exists():
            return file.name
        os.close(descriptor)  # another process swept it before it was locked


def check_installation(settings: Settings) -> None:
    """At the start of a command: refuse a home or lake that others may open, and sweep. Raises FolderOpen.

    Whoever only has a login of the database may write into neither, and is not asked about them.
    """
    lake = Path(settings.lake.removeprefix("file://"))
    if "://" not in str(lake) and os.access(lake, os.W_OK):
        check_closed(lake, "AUYL_LAKE")
    if os.access(settings.home, os.W_OK):
        check_closed(settings.home, "AUYL_HOME")
        sweep(settings.home)


def sweep(home: Path) -> None:
    """Remove what dead processes left in the spill folder, and parts of files that nobody went on fetching."""
    alive, partial = home / "alive", home / "partial"
    for file in _entries(alive):
        _remove_if_dead(file)
    # In this order: a process takes its lock before it makes its first folder.
    folders = _entries(home / "spill")
    living = {file.name for file in _entries(alive)}
    for left in folders:
        if "-".join(left.name.split("-")[:2]) not in living:
            _remove(left)
    for folder in _entries(partial):
        if folder.lstat().st_mtime < time.time() - FORGOTTEN_S:
            _remove(folder)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _remove_if_dead(file: Path) -> None:
    try:
        descriptor = os.open(file, os.O_RDWR)
    except (FileNotFoundError, PermissionError):  # root's, in the home of another account: it may be at work
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def partial_folder(settings: Settings, registry: str, period: str) -> Path:
    """The folder for parts of files that are being fetched."""
    folder = closed_folder(settings.home, "AUYL_HOME") / "partial" / f"{registry}_{period}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def remove_partial(settings: Settings, registry: str, period: str) -> None:
    """Remove the folder, once its files are landed."""
    shutil.rmtree(settings.home / "partial" / f"{registry}_{period}", ignore_errors=True)
