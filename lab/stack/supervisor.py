"""Processes of one machine that start and stop together.

Each runs under `auyl/store/watchdog.py`, so a Ctrl-C reaches only the supervisor, which stops them in the reverse order
of their start. If the supervisor is killed, even by SIGKILL, the watchdogs stop them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from auyl.errors import AuylError
from auyl.store.processes import spawn_watched


class ProcessFailed(AuylError):
    """A program ended, or did not become ready; the message names its log."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        super().__init__(f"{name} {what}; log: {log}")
        self.name = name
        self.log = log


class Stopped(KeyboardInterrupt):
    """SIGTERM or SIGHUP was received: stop everything, as after Ctrl-C."""


@contextlib.contextmanager
def signals_stop() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP raise Stopped in the main thread, so that `finally` runs."""

    def raise_stopped(number: int, _frame: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name)

    previous = {number: signal.signal(number, raise_stopped) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@dataclass
class Child:
    """One running program."""

    name: str
    watchdog: subprocess.Popen[bytes]
    log: Path
    stop_s: float
    may_end: bool = False

    @property
    def ended(self) -> bool:
        """Has the program ended?"""
        return self.watchdog.poll() is not None


class Supervisor:
    """Starts programs with a log file each in `logs`, watches them, and stops them all at the end of its `with`."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._children: list[Child] = []

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str = "/",
        stop_s: float = 20.0,
        may_end: bool = False,
    ) -> Child:
        """Start a program; its output goes to `<logs>/<name>.log`, which is overwritten.

        A program that `may_end` is awaited with `finish`; any other that ends has failed.
        """
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        log.unlink(missing_ok=True)
        watchdog = spawn_watched(command, env=os.environ if env is None else env, log=log, cwd=cwd, stop_s=stop_s)
        child = Child(name, watchdog, log, stop_s, may_end)
        self._children.append(child)
        return child

    def finish(self, child: Child, report_progress: Callable[[], None] = lambda: None, every_s: float = 0.2) -> None:
        """Wait until a program ends, calling `report_progress`. Raises ProcessFailed unless it exits 0."""
        while not child.ended:
            self.check()
            report_progress()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.watchdog.wait(every_s)
        self._forget(child)
        if child.watchdog.returncode != 0:
            raise ProcessFailed(child.name, f"exited with {child.watchdog.returncode}", child.log)

    def run(
        self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | str = "/"
    ) -> None:
        """Run a program to its end. Raises ProcessFailed unless it exits 0."""
        self.finish(self.start(name, command, env=env, cwd=cwd, may_end=True))

    def check(self) -> None:
        """Raises ProcessFailed when a program has ended by itself."""
        for child in self._children:
            if child.ended and not (child.may_end and child.watchdog.returncode == 0):
                raise ProcessFailed(child.name, f"ended with {child.watchdog.returncode}", child.log)

    def wait_until(self, ready: Callable[[], bool], child: Child, seconds: float, every_s: float = 0.1) -> None:
        """Wait until `ready()`. Raises ProcessFailed when a program ends meanwhile or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessFailed(child.name, f"is not ready after {seconds:.0f} s", child.log)
            time.sleep(every_s)

    def stop(self, child: Child) -> float:
        """Stop a program; returns the seconds that it took."""
        started = time.monotonic()
        self.ask_to_stop(child)
        self._wait(child)
        return time.monotonic() - started

    def stop_all(self) -> dict[str, int]:
        """Stop all programs, the last started first; returns the exit code of each by name."""
        children = list(reversed(self._children))
        for child in children:
            self.ask_to_stop(child)
        return {child.name: self._wait(child) for child in children}

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop_all()

    def ask_to_stop(self, child: Child) -> None:
        """Ask a program to stop, without waiting."""
        if child.watchdog.stdin is not None and not child.watchdog.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                child.watchdog.stdin.write(b"stop\n")
                child.watchdog.stdin.close()

    def _wait(self, child: Child) -> int:
        try:
            code = child.watchdog.wait(child.stop_s + 20)
        except subprocess.TimeoutExpired:
            child.watchdog.kill()
            code = child.watchdog.wait()
        self._forget(child)
        return code

    def _forget(self, child: Child) -> None:
        if child.watchdog.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                child.watchdog.stdin.close()
        self._children.remove(child)
