"""A real process that is killed within its work: before its nth call to PostgreSQL, DuckDB or the file system."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from sqlalchemy import text

from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.store.postgres import transaction

# Functions in C by which a process changes something outside itself, or asks for it.
CALLS = frozenset(
    ("execute", "executemany", "commit", "rollback", "copy_expert", "rename", "replace", "link", "unlink", "mkdir",
     "rmdir", "open", "write", "fsync")
)  # fmt: skip
# Each child is forked from a process that has imported everything and started nothing.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.intake.warm", "tests.intake.operations"])


def run_and_die(work: Callable[[], object], nth: int) -> None:
    """Do the work, and die by SIGKILL before the call number `nth`, if there are so many."""
    calls = 0

    def count(_frame: FrameType, event: str, function: Any) -> None:
        nonlocal calls
        if event == "c_call" and getattr(function, "__name__", "") in CALLS:
            calls += 1
            if calls == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(count)
    sys.setprofile(count)
    with suppress(AuylError):  # it cannot be
        work()
    sys.setprofile(None)


def run_and_die_after(work: Callable[[], object], function: str) -> None:
    """Do the work, and die by SIGKILL as soon as the Python function of this name has returned a value."""

    def look(frame: FrameType, event: str, value: Any) -> None:
        if event == "return" and value is not None and frame.f_code.co_name == function:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(look)
    sys.setprofile(look)
    work()


def is_killed(settings: Settings, work: Callable[[], object], nth: int) -> bool:
    """Do the work in a process that dies before its call number `nth`; did it? The server has forgotten it then."""
    return _is_dead(settings, run_and_die, work, nth)


def is_killed_after(settings: Settings, work: Callable[[], object], function: str) -> bool:
    """Do the work in a process that dies when `function` has returned; did it? The server has forgotten it then."""
    return _is_dead(settings, run_and_die_after, work, function)


def _is_dead(settings: Settings, target: Callable[..., None], *arguments: object) -> bool:
    child = FORKS.Process(target=target, args=arguments)
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL), f"exit code {child.exitcode}"
    others = text(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
        "and backend_type = 'client backend'"
    )
    for _ in range(1000):
        with transaction(settings) as con:
            if not con.execute(others).scalar():
                return child.exitcode != 0
        time.sleep(0.01)
    raise AssertionError("the server holds the session of a dead process for ten seconds")
