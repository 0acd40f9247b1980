"""The account that works in place of root: who it is, what it sees, what belongs to it.

Root may start the demo and the portal; none of their work is done with its rights.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from auyl.errors import AuylError
from auyl.settings import REPOSITORY

NOBODY = "nobody"
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNS = 0x20000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_SLAVE = 0x2, 0x4, 0x1000, 0x4000, 0x80000


class AccountUnusable(AuylError):
    """The account that is to work in place of root cannot; the message says what to do."""


def unprivileged(*places: Path) -> pwd.struct_passwd:
    """The owner of the first of `places` that is there and not root's; else `nobody`. Raises AccountUnusable."""
    for place in places:
        # PostgreSQL refuses to begin a cluster as a user id without a name, as a container sees those of its host.
        with contextlib.suppress(FileNotFoundError, KeyError):
            if uid := place.stat().st_uid:
                return pwd.getpwuid(uid)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(NOBODY)
    raise AccountUnusable(
        f"this machine: expected an account {NOBODY}, found none. Fix: start it as an ordinary account"
    )


def become(account: pwd.struct_passwd, needed: Iterable[Path]) -> None:
    """Go on as `account`, for good, with no capability and no way to gain one. Before any other thread is started.

    `account` sees `needed`, the interpreter and the program even below folders that it may not enter: for this process
    such a folder is replaced by an empty one, into which only they are bound. Raises AccountUnusable where the kernel
    refuses that, or where they cannot be read.
    """
    paths = list(dict.fromkeys(place for path in [*_program(), *needed] for place in (path.absolute(), path.resolve())))
    if any(_closed_above(path, account) for path in paths):
        _show(paths, account)
    os.chdir("/")
    try:
        os.setgroups([])
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)  # clears the capabilities too
    except OSError as error:  # a container may know no other account than its root
        raise AccountUnusable(
            f"account {account.pw_name}: expected that root may become it, found: {(error.strerror or '').lower()}. "
            "Fix: start it as an ordinary account"
        ) from None
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Libraries look there for certificates and settings, and some fail where root's may not be entered.
    os.environ.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
    for path in [*paths, Path(__file__), *_a_library()]:
        if not os.access(path, os.R_OK):
            raise AccountUnusable(
                f"account {account.pw_name}: expected to read {path}, found no right to. "
                "Fix: start it as an ordinary account, or make this readable for all"
            )


def owner_of(folder: Path) -> tuple[int, int] | None:
    """Numbers of the account and group that a folder belongs to, where this process is root's and the folder is not."""
    if os.geteuid() == 0:
        with contextlib.suppress(FileNotFoundError):
            state = folder.stat()
            return (state.st_uid, state.st_gid) if state.st_uid else None
    return None


@contextlib.contextmanager
def written_for_owner(*folders: Path) -> Iterator[None]:
    """What root writes within it into a folder of another account is that account's at the end.

    After a kill the next command of root does it, and the demo that root starts.
    """
    try:
        yield
    finally:
        for folder in folders:
            if owner := owner_of(folder):
                hand_over(folder, owner)


def hand_over(folder: Path, owner: tuple[int, int], was: int = 0) -> None:
    """Give `folder`, and what the account `was` has in it, to `owner`, numbers of account and group.

    Nothing is reached by a link, and a file with a second name stays: `owner` could have laid both there. What vanishes
    meanwhile is passed over. May be repeated after a kill.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _hand_over(descriptor, owner, was)
        finally:
            os.close(descriptor)


def _hand_over(folder: int, owner: tuple[int, int], was: int) -> None:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        with contextlib.suppress(OSError):
            state = os.stat(name, dir_fd=folder, follow_symlinks=False)
            is_folder = stat.S_ISDIR(state.st_mode)
            if not is_folder and not (stat.S_ISREG(state.st_mode) and state.st_uid == was):
                continue
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            try:
                if is_folder:
                    _hand_over(descriptor, owner, was)
                else:
                    _give(descriptor, owner, was)
            finally:
                os.close(descriptor)
    _give(folder, owner, was)  # the last: until then the next start finds that it has to be done


def _give(descriptor: int, owner: tuple[int, int], was: int) -> None:
    state = os.fstat(descriptor)
    if state.st_uid == was and (stat.S_ISDIR(state.st_mode) or state.st_nlink == 1):
        os.fchown(descriptor, *owner)


# -- what the account sees ----------------------------------------------------------------------------------------


def _program() -> list[Path]:
    """The interpreter, through all links to it, its packages, and this repository."""
    paths = [Path(sys.base_prefix), Path(sys.prefix), REPOSITORY]
    program = Path(sys.executable)
    while program.is_symlink():
        program = program.parent / program.readlink()
        paths.append(program.parent.parent)
    return paths


def _a_library() -> list[Path]:
    found = importlib.util.find_spec("psycopg2")
    return [Path(found.origin)] if found and found.origin else []


def _closed_above(path: Path, account: pwd.struct_passwd) -> Path | None:
    """The first folder on the way to `path` that the account may not enter; one that is missing is passed over."""
    for folder in reversed(path.parents):
        with contextlib.suppress(FileNotFoundError):
            state = folder.stat()
            owner, group = state.st_uid == account.pw_uid, state.st_gid == account.pw_gid
            if not state.st_mode & (stat.S_IXUSR if owner else stat.S_IXGRP if group else stat.S_IXOTH):
                return folder
    return None


def _show(paths: Iterable[Path], account: pwd.struct_passwd) -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: str, target: Path | str, kind: str | None, flags: int, options: str | None = None) -> None:
        given = (os.fsencode(source), os.fsencode(target), kind and kind.encode())
        if libc.mount(*given, ctypes.c_ulong(flags), options and options.encode()):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(target))

    closed = next(filter(None, (_closed_above(path, account) for path in paths)))
    descriptors: dict[Path, int] = {}
    umask = os.umask(0o022)
    try:
        if libc.unshare(CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        mount("none", "/", None, MS_REC | MS_SLAVE)
        # Opened within the namespace: the kernel binds nothing from another.
        descriptors = {path: os.open(path, os.O_PATH) for path in sorted(paths) if path.exists()}
        for path, descriptor in descriptors.items():
            if cover := _closed_above(path, account):
                mount("tmpfs", cover, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
            if path.exists():
                continue
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                path.mkdir(mode=0o755)
            else:
                path.touch()
            mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
    except OSError as error:
        raise AccountUnusable(
            f"account {account.pw_name}: expected to enter {closed}, found it closed, and no namespace of mounts here "
            f"({(error.strerror or '').lower()}). Fix: start it as an ordinary account, or keep all of it in folders "
            "that everybody may enter (PYTHON=…, AUYL_HOME=…)"
        ) from None
    finally:
        os.umask(umask)
        for descriptor in descriptors.values():
            os.close(descriptor)
