"""Files that others put where we read: opened by descriptor, so that a link in their place leads nowhere.

An owner of a registry can write into its drop folder, and what we read is landed and goes back to that owner: a link
to a file of ours would hand it over.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# As the parameter `opener` of `open`.
Opener = Callable[[str, int], int]
EXPECTED = "a regular file that lies there itself and under one name"
_KINDS = {
    stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFDIR: "a folder",
}  # fmt: skip


class NotRegular(Exception):
    """A file that may not be read; `found` says in words what lies in its place."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(f"{path}: expected {EXPECTED}; found {found}")
        self.path = path
        self.found = found


def oddity(state: os.stat_result) -> str | None:
    """What a file is instead of a regular one with one name, in words; `state` is that of the file and of no link."""
    if not stat.S_ISREG(state.st_mode):
        return _KINDS.get(stat.S_IFMT(state.st_mode), "no regular file")
    return None if state.st_nlink == 1 else f"a file with {state.st_nlink} names (hard links)"


def open_regular(path: str, flags: int, folder: int | None = None) -> int:
    """Open a file to read, below the descriptor `folder` if it is given; an opener for `open`.

    Raises NotRegular for a link, a second name of another file, a pipe, a socket, a device. Nothing of them is opened:
    a pipe would block, a device may act. OSError as `os.open`.
    """
    _refuse(path, os.stat(path, dir_fd=folder, follow_symlinks=False))
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # replaced since it was looked at
            raise NotRegular(path, "another file than a moment ago") from None
        raise
    try:
        _refuse(path, os.fstat(descriptor))
    except NotRegular:
        os.close(descriptor)
        raise
    return descriptor


def _refuse(path: str, state: os.stat_result) -> None:
    if found := oddity(state):
        raise NotRegular(path, found)


def refusing(opener: Opener, secrets: Iterable[Path]) -> Opener:
    """An opener that also refuses the files `secrets`, by whichever name they are given."""
    known = set()
    for file in secrets:
        with contextlib.suppress(OSError):
            state = file.stat()
            known.add((state.st_dev, state.st_ino))

    def open_checked(path: str, flags: int) -> int:
        descriptor = opener(path, flags)
        state = os.fstat(descriptor)
        if (state.st_dev, state.st_ino) in known:
            os.close(descriptor)
            raise NotRegular(path, "a secret of this installation")
        return descriptor

    return open_checked


@dataclass(frozen=True)
class Folder:
    """The folder `below` a root. Links on the way to the root are followed if they are ours; below it, none is."""

    root: Path
    below: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The path, for messages."""
        return self.root.joinpath(*self.below)

    @contextlib.contextmanager
    def descriptor(self) -> Iterator[int]:
        """A descriptor of the folder, each step below the root taken without following a link.

        Raises NotRegular for a link on the way, OSError as `os.open`.
        """
        for place in (self.root, *self.root.parents):
            state = place.lstat()
            if stat.S_ISLNK(state.st_mode) and state.st_uid not in (0, os.geteuid()):
                raise NotRegular(place.name, "a symbolic link of another account in place of a folder")
        current = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in self.below:
                if stat.S_ISLNK(os.stat(name, dir_fd=current, follow_symlinks=False).st_mode):
                    raise NotRegular(name, "a symbolic link in place of a folder")
                following = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=current)
                os.close(current)
                current = following
            yield current
        finally:
            os.close(current)
