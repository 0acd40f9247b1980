"""Folders that no other account may open: the home and a lake that is a folder.

What is written takes the umask that `close_files` sets at every entry point; here stands what it cannot close, folders
that were there before.
"""

from __future__ import annotations

import os
import pwd
import shlex
from pathlib import Path

from auyl.errors import FolderOpen

UMASK = 0o077


def close_files() -> None:
    """Let every file that this process and its children write be for its own account only."""
    os.umask(UMASK)


def closed_folder(folder: Path, setting: str) -> Path:
    """`folder`, created for this account alone if it is missing. Raises FolderOpen as `check_closed` does."""
    make_folder(folder)
    check_closed(folder, setting)
    return folder


def make_folder(folder: Path) -> None:
    """Create a folder, and those above it that are missing, for this account alone whatever the umask."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def check_closed(folder: Path, setting: str) -> None:
    """Refuse a folder that other accounts may read, write or enter, or that is another account's.

    Root may work in the folder of the account that runs the pipeline. Raises FolderOpen; nothing for a missing folder.
    """
    try:
        state = folder.stat()
    except FileNotFoundError:
        return
    us, name = os.geteuid(), shlex.quote(str(folder.absolute()))
    if us not in (0, state.st_uid):
        raise FolderOpen(
            setting, "a folder of the account that runs this", f"{name} of {_account(state.st_uid)}",
            f"sudo -u {_account(state.st_uid)} …, or AS ROOT: chown -R {_account(us)} {name}",
        )  # fmt: skip
    if state.st_mode & UMASK:
        found = f"{name} with mode {state.st_mode & 0o777:o}"
        raise FolderOpen(setting, "a folder that no other account can open", found, f"chmod -R go= {name}")


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
