"""Readers that can die, run for ever or eat all memory work in a child process; its death is a refusal.

The child gets no environment but its search path: no address and no key of ours is within reach of a damaged file.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from auyl.contracts import Contract
from auyl.errors import ExtractRefused

Result = TypeVar("Result")
MEMORY_BYTES = 2 << 30
SECONDS = 600
TOO_LONG = "one that takes longer"
_PR_SET_PDEATHSIG = 1
_START = "import sys; sys.path[:] = {path!r}; from auyl.formats.bounded import serve; serve()"


def run_bounded(
    contract: Contract,
    file: Path,
    function: Callable[..., Result],
    *arguments: object,
    memory_bytes: int = MEMORY_BYTES,
    seconds: int = SECONDS,
) -> Result:
    """What `function`, a public one of a module of ours, returns; called with `arguments` in a child process.

    Arguments and result are pickled. `memory_bytes` is what the child may add to its size after its imports. Raises
    ExtractRefused for `file`: the one that the function raises, or one that says how the child ended.
    """
    task = pickle.dumps((memory_bytes, seconds, function, arguments))
    command = [sys.executable, "-I", "-c", _START.format(path=sys.path)]
    expected = f"a file that its reader can read within {memory_bytes >> 20:,} MiB and {seconds} s"
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=_environment(), cwd="/"
    ) as child:
        try:
            answer, _ = child.communicate(task, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise contract.refusal(file, expected, TOO_LONG) from None
        finally:
            child.kill()
    if child.returncode or not answer:
        raise contract.refusal(file, expected, _cause(child.returncode))
    outcome, value = pickle.loads(answer)  # noqa: S301 - from our own child
    if outcome == "refused":
        raise ExtractRefused(**value)
    if outcome == "failed":
        raise contract.refusal(file, expected, value)
    result: Result = value
    return result


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "HOME") if name in os.environ}


def _cause(code: int) -> str:
    if code == -signal.SIGXCPU:
        return TOO_LONG
    with contextlib.suppress(ValueError):
        return f"one that ends its reader by the signal {signal.Signals(-code).name}"
    return f"one that ends its reader with the exit code {code}"


def serve() -> None:
    """In the child: read the task from standard input, do it within its limits, write the outcome."""
    answers = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not spoil the answer
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory_bytes, seconds, function, arguments = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our parent
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory_bytes, used + memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    outcome: tuple[str, Any]
    try:
        outcome = ("done", function(*arguments))
    except ExtractRefused as refusal:
        outcome = ("refused", refusal.as_dict())
    except MemoryError:
        outcome = ("failed", "one that takes more memory")
    except BaseException as error:  # a panic of Rust is no Exception
        outcome = ("failed", f"damage that stops its reader ({type(error).__name__})")
    with os.fdopen(answers, "wb") as out:
        pickle.dump(outcome, out)
