"""Run a child process and measure its wall time, CPU time and peak memory, and the memory of its PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class ChildFailed(RuntimeError):
    """A measured process failed; the message has its exit code and the end of its output."""


@dataclass(frozen=True)
class Measured:
    """One run: seconds of wall time from start to end and of the child's CPU, peak resident memory in MiB.

    CPU far below wall time times cores, in a process that uses all of them, means that the machine was busy.
    `server_mib` is the server's peak: private memory of all its processes and the shared memory once.
    `output` is the last line of the child's output, when it is JSON.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    server_mib: float
    output: dict[str, Any] = field(default_factory=dict)


def run(command: list[str], env: dict[str, str], log: Path, postmaster: int | None) -> Measured:
    """Run `command` to its end. Raises ChildFailed.

    The kernel starts the peak memory of a child at that of its parent at the fork, so the caller must be small.
    """
    os.sync()  # so that this child does not write out what was written before
    with log.open("w+b") as out, _Watch(postmaster) as watch:
        began = time.perf_counter()
        child = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = out.read().decode(errors="replace").splitlines()
    if child.returncode != 0:
        raise ChildFailed(f"{' '.join(command[1:4])} ended with {child.returncode}:\n" + "\n".join(lines[-15:]))
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, watch.peak_mib, _json(lines))


def _json(lines: list[str]) -> dict[str, Any]:
    try:
        output = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {}
    return output if isinstance(output, dict) else {}


class _Watch:
    """Samples the memory of the server's processes five times a second."""

    def __init__(self, postmaster: int | None) -> None:
        self.peak_mib = 0.0
        self._postmaster = postmaster
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> _Watch:
        if self._postmaster is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._postmaster is not None:
            self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(0.2):
            private, shared = 0, 0
            for pid in _processes(self._postmaster or 0):
                anonymous, common = _resident_kib(pid)
                private += anonymous
                shared = max(shared, common)
            self.peak_mib = max(self.peak_mib, (private + shared) / 1024)


def _processes(postmaster: int) -> list[int]:
    try:
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [postmaster, *map(int, children)]


def _resident_kib(pid: int) -> tuple[int, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0, 0
    fields = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest}
    return fields.get("RssAnon", 0), fields.get("RssShmem", 0)
