"""What a failed command prints: one line of words, never a traceback.

Exit codes: 1 what the command was asked for was refused, or is not as it has to be; 2 wrong usage; 3 a failure of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.exceptions import TyperException

from auyl.errors import AuylError, is_interrupt, place_of

REFUSED = 1
USAGE = 2
OURS = 3
# Codes of PostgreSQL, by their first signs: https://www.postgresql.org/docs/current/errcodes-appendix.html
ABSENT = ("3F000", "42P01", "42703", "42883")  # no such schema, table, column, function
STOPPED = ("08", "57P")
FULL = ("53",)
VALUES = ("22", "23")


@contextmanager
def expected_errors() -> Iterator[None]:
    """End the command with one line where it fails. With AUYL_TRACEBACK=1 the traceback of an unforeseen error too."""
    try:
        yield
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command prints its help
            raise
        typer.secho(_of_usage(error), fg="red", err=True)
        raise typer.Exit(USAGE) from error
    except Exception as error:
        if is_interrupt(error):
            raise KeyboardInterrupt from None
        words = in_words(error)
        if words is None and os.environ.get("AUYL_TRACEBACK"):
            raise
        typer.secho(printable(words or _unforeseen(error)), fg="red", err=True)
        raise typer.Exit(REFUSED if words else OURS) from error


def in_words(error: Exception) -> str | None:
    """What an operator can do something about; None for an error that nobody foresaw."""
    if isinstance(error, (AuylError, KeyError)):
        return str(error.args[0]) if error.args else str(error)
    if isinstance(error, UnicodeEncodeError):
        return "the command line: expected text in UTF-8, found bytes that are none"
    if isinstance(error, OSError):
        return _of_files(error)
    return _of_database(error)


def _of_usage(error: Any) -> str:
    message = " ".join(error.format_message().split())
    command = error.ctx.command_path if getattr(error, "ctx", None) else "auyl"
    return printable(f"{message.rstrip('.')}. See `{command} --help`")


def printable(text: str) -> str:
    """`text` as a terminal takes it: bytes of the command line that are no UTF-8 become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _of_files(error: OSError) -> str:
    where = error.filename or error.filename2
    place = os.fsdecode(where) if isinstance(where, (str, bytes)) else "this machine"
    reason = (error.strerror or type(error).__name__).lower()
    return f"{printable(place)}: expected a file or folder that can be used, found: {reason}"


def _of_database(error: Exception) -> str | None:
    """What is wrong with the serving database; None where the error is another one."""
    # An error of SQLAlchemy or of the driver, neither of which a command without a database has to import.
    of_driver = getattr(error, "orig", None) or error
    if not type(of_driver).__module__.startswith("psycopg2"):
        return None
    found = str(of_driver).strip().partition("\n")[0]
    code = getattr(of_driver, "pgcode", None) or ""
    name = type(of_driver).__name__
    if code in ABSENT:
        return f"the serving database: expected the tables of this version, found: {found}. Run `auyl migrate`"
    if code == "42501":
        return (
            f"the serving database: expected a login that may do this, found: {found}. Fix: a data engineer, AUYL_DSN"
        )
    if code == "3D000" or code.startswith("28"):
        return f"the serving database: expected it to let us in, found: {found}. Fix: a data engineer, AUYL_DSN"
    if code.startswith(FULL):
        return f"the serving database: expected room for this, found: {found}. Fix: a data engineer"
    if code.startswith(VALUES) or name == "DataError":
        return (
            "the serving database: expected values that it can take, found one that is too large or is none of its kind"
        )
    if code.startswith(STOPPED) or (not code and name in ("OperationalError", "InterfaceError")):
        return f"the serving database: expected it to answer, found: {found}. Fix: a data engineer, AUYL_DSN"
    return None


def _unforeseen(error: Exception) -> str:
    """Where an unforeseen error arose. Its own text is not shown: it may quote a row."""
    return (
        f"expected the command to end, found {place_of(error)}. "
        f"Fix: a data engineer; AUYL_TRACEBACK=1 shows where it came from"
    )
