"""Programs that run only as long as somebody needs them, and their ports."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from auyl.store.closed import UMASK

# Nothing else of this process's environment, which may hold addresses of databases.
OF_A_WATCHDOG = ("PATH", "LD_LIBRARY_PATH", "AUYL_HOME")


def spawn_watched(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path | str = "/",
    identity: tuple[int, int] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    stop_s: float = 20.0,
    kill_signal: signal.Signals = signal.SIGKILL,
    lease: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Run `command` under a watchdog. Without `lease` the watchdog runs as long as its stdin is open."""
    uid, gid = identity or (None, None)
    spec = {
        "command": [str(part) for part in command], "env": dict(env), "log": str(log), "cwd": str(cwd), "uid": uid,
        "gid": gid, "stop_signal": stop_signal.name, "stop_s": stop_s, "kill_signal": kill_signal.name,
        "lease": None if lease is None else str(lease),
    }  # fmt: skip
    watchdog = subprocess.Popen(
        [sys.executable, "-I", "-S", Path(__file__).with_name("watchdog.py")],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd="/",
        umask=UMASK, env={name: os.environ[name] for name in OF_A_WATCHDOG if name in os.environ},
    )  # fmt: skip
    if watchdog.stdin is None:
        raise AssertionError
    watchdog.stdin.write(json.dumps(spec).encode() + b"\n")
    watchdog.stdin.flush()
    if lease is not None:
        watchdog.stdin.close()
    return watchdog


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def remembered_port(file: Path) -> int:
    """A free port, the same as last time if possible, so that bookmarks go on working."""
    wanted = 0
    with contextlib.suppress(OSError, ValueError):
        wanted = int(file.read_text())
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server asks for it too
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(str(port))
    return port
