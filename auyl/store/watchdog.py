"""Keeps one program alive for as long as somebody needs it. Run as a file of its own; imports nothing of Auyl.

The watchdog is the program's parent. It ends the program, gently and then for good, with everything that the program
started, as soon as its reason is gone: either its standard input is closed (by its owner or by the owner's death), or
nobody holds the shared lock of the lease file any more. If the watchdog itself is killed, the kernel tells the program
to stop.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOOK_EVERY_S = 0.25
ORPHAN_STOP_S = 5.0  # with the owner goes the database: there is nothing left to end gently
WAKERS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Watchdog:
    """One watched program; `spec` has command, env, cwd, log, uid, gid, stop_signal, stop_s, kill_signal, lease."""

    def __init__(self, spec: dict) -> None:
        self.spec = spec
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.stop_signal = signal.Signals[spec["stop_signal"]]
        self.lease = None if spec["lease"] is None else os.open(spec["lease"], os.O_RDWR | os.O_CREAT, 0o600)

    def run(self) -> int:
        """Start the program, wait for it or for the end of its reason; returns its exit code."""
        self.libc.prctl(PR_SET_CHILD_SUBREAPER, 1)  # grandchildren whose parent dies come to us
        signal.pthread_sigmask(signal.SIG_BLOCK, WAKERS)
        program = self._start()
        while program.poll() is None:
            woken = signal.sigtimedwait(WAKERS, LOOK_EVERY_S)
            if self._reason_gone() or (woken is not None and woken.si_signo != signal.SIGCHLD):
                return self._stop(program)
        self._sweep(program.pid)
        return program.returncode

    def _start(self) -> subprocess.Popen:
        me = os.getpid()

        def before_exec() -> None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, WAKERS)
            self.libc.prctl(PR_SET_PDEATHSIG, self.stop_signal)  # must follow setuid, which clears it
            if os.getppid() != me:
                os._exit(1)

        spec = self.spec
        identity = {} if spec["uid"] is None else {"user": spec["uid"], "group": spec["gid"], "extra_groups": []}
        log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                spec["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=spec["cwd"], env=spec["env"],
                preexec_fn=before_exec, **identity,  # noqa: PLW1509  (one thread only)
            )  # fmt: skip
        finally:
            os.close(log)

    def _reason_gone(self) -> bool:
        if self.lease is None:
            if not select.select([0], [], [], 0)[0]:
                return False
            if not os.read(0, 4096):  # closed without a word: the owner is dead
                self.spec["stop_s"] = min(self.spec["stop_s"], ORPHAN_STOP_S)
            return True
        try:
            fcntl.flock(self.lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _stop(self, program: subprocess.Popen) -> int:
        program.send_signal(self.stop_signal)
        if not self._ends(program, self.spec["stop_s"]):
            program.send_signal(signal.Signals[self.spec["kill_signal"]])
            if not self._ends(program, 10):
                program.kill()
        code = program.wait()
        self._sweep(program.pid)
        return code

    def _ends(self, program: subprocess.Popen, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while program.poll() is None and time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, LOOK_EVERY_S)
        return program.poll() is not None

    def _sweep(self, program: int) -> None:
        """End what the program left behind."""
        for how, seconds in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
            deadline = time.monotonic() + seconds
            signalled: set[int] = set()
            while left := [pid for pid in _descendants(os.getpid()) if pid != program]:
                if time.monotonic() > deadline:
                    break
                for pid in set(left) - signalled:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, how)
                signalled.update(left)
                with contextlib.suppress(ChildProcessError):
                    while os.waitpid(-1, os.WNOHANG)[0]:
                        pass
                time.sleep(0.02)


def _descendants(pid: int) -> list[int]:
    pids: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                pids += [child, *_descendants(child)]
    return pids


if __name__ == "__main__":
    with open(0, "rb", buffering=0, closefd=False) as first:  # unbuffered: select looks at the same pipe
        given = json.loads(first.readline())
    sys.exit(Watchdog(given).run() & 0xFF)
