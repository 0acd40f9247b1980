"""A reader that fails on a file in a way that nobody foresaw: the file is refused, and nothing of it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from auyl.contracts import Contract
from auyl.errors import AuylError, place_of

# Libraries of the lake in object storage; their errors are not about a file's content.
STORAGE = frozenset(("botocore", "aiobotocore", "s3fs", "fsspec", "aiohttp"))


@contextmanager
def crash_is_refused(contract: Contract, files: list[Path]) -> Iterator[None]:
    """Turn whatever the reader of the contract's format raises about a file into ExtractRefused.

    The type of the error and its place in our code are named, its text is not: it may quote the file. Errors of the
    set-up (no room on the disk, a library that is missing, the lake away) are raised as they are.
    """
    try:
        yield
    except Exception as error:
        if _is_set_up(error):
            raise
        raise _refusal(contract, files, error) from error
    except BaseException as error:
        # A panic of a library in Rust is no Exception; neither are a time limit and Ctrl-C, which go on.
        if type(error).__name__ != "PanicException":
            raise
        raise _refusal(contract, files, error) from error


def _refusal(contract: Contract, files: list[Path], error: BaseException) -> AuylError:
    expected = f"a file that the reader of {contract.format} can read"
    owner = f"us, with the file of {contract.owner}"
    found = f"the reader of {contract.format} failed: {place_of(error)}"
    return contract.refusal(_file_in(error.__traceback__, files), expected, found, owner=owner)


def _is_set_up(error: Exception) -> bool:
    import duckdb

    if isinstance(error, AuylError | ImportError | duckdb.IOException | duckdb.ConnectionException):
        return True
    # Libraries raise OSError for damaged content too, then without a number of the operating system.
    return (isinstance(error, OSError) and error.errno is not None) or type(error).__module__.split(".")[0] in STORAGE


def _file_in(trace: TracebackType | None, files: list[Path]) -> str | Path:
    """The file that was being read: the last of `files` that a function on the way held."""
    held: Path | None = None
    while trace is not None:
        for value in trace.tb_frame.f_locals.values():
            held = next((file for file in files if file is _path(value)), held)
        trace = trace.tb_next
    if held is not None:
        return held
    names = ", ".join(file.name for file in files[:3])
    return names + (f" and {len(files) - 3} more" if len(files) > 3 else "")


def _path(value: Any) -> Path | None:
    return value if isinstance(value, Path) else getattr(value, "file", None)
