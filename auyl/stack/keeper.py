"""Holds one PostgreSQL server for as long as somebody uses it. Run as a file of its own; imports nothing of Auyl.

Users hold a shared lock on the lease file. The keeper is the server's parent and tries for the exclusive lock:
it gets it when the last user is gone, whatever way it went, and then stops the server. If the keeper itself is
killed the kernel tells the server to stop.
"""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
LOOK_EVERY_S = 0.25
STOP_S = 60.0


def main(spec: dict) -> int:
    """Run `spec["command"]` as `spec["uid"]`/`spec["gid"]` (or as oneself), log to `spec["log"]`, until the lease ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    me = os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)  # must follow setuid, which clears it
        if os.getppid() != me:
            os._exit(1)

    identity = {} if spec["uid"] is None else {"user": spec["uid"], "group": spec["gid"], "extra_groups": []}
    log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    server = subprocess.Popen(
        spec["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=spec["env"],
        preexec_fn=before_exec, **identity,  # noqa: PLW1509  (one thread only)
    )  # fmt: skip
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        signal.signal(getattr(signal, name), lambda *_: server.send_signal(signal.SIGINT))
    lease = os.open(spec["lease"], os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        try:
            return server.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            pass
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            continue
    server.send_signal(signal.SIGINT)  # fast shutdown
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline:
        try:
            return server.wait(1)
        except subprocess.TimeoutExpired:
            continue
    server.send_signal(signal.SIGQUIT)  # immediate: recovers at the next start
    return server.wait()


if __name__ == "__main__":
    sys.exit(main(json.load(sys.stdin)))
