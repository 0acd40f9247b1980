"""What can go wrong, in words that say what to do.

An extract with an error is refused whole with `ExtractRefused`; a source that may answer later raises
`SourceUnavailable`; everything else is an error of ours or of the set-up.
"""

from __future__ import annotations

import re
import traceback
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

SHAPE_SIGNS = 40


def shape(text: object) -> str:
    """What a text looks like without its content, for refusals and logs.

    Digits become 9, letters A (Cyrillic and others: А); signs that cannot be seen are written by number, such as
    U+200B. At most 40 characters of the text are shown.
    """
    whole = str(text)
    return "".join(map(_shape, whole[:SHAPE_SIGNS])) + ("…" if len(whole) > SHAPE_SIGNS else "")


def _shape(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind[0] == "N":
        return "9"
    if kind[0] == "L":
        return "A" if "LATIN" in unicodedata.name(sign, "") else "А"
    if kind[0] in "CZ" and sign != " ":
        return f"U+{ord(sign):04X}"
    return "" if kind[0] == "M" else sign


def visible(text: str) -> str:
    """A text with control characters written by number, such as U+000A."""
    return "".join(f"U+{ord(sign):04X}" if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)


def storable(text: str) -> str:
    """A text without what no database or log takes: NUL and halves of surrogate pairs, written as U+FFFD."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# ИИН and БИН, also in names of files and addresses; a checksum in hex is none.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
# Errors about the machine, whose texts name files and hosts; those about values quote them.
_OF_THE_MACHINE = frozenset(("IOException", "OutOfMemoryException", "ConnectionException", "OperationalError"))


def without_numbers(text: str) -> str:
    """A text with the shape of each sequence of twelve digits in its place."""
    return _NUMBER.sub("9" * 12, text)


def place_of(error: BaseException) -> str:
    """The type of an error and the line of our code that it left last, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/auyl/" in frame.filename]
    place = f" in auyl/{ours[-1].filename.rpartition('/auyl/')[2]}, line {ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{place}"


def is_interrupt(error: BaseException) -> bool:
    """Is it a Ctrl-C? A query of DuckDB takes the KeyboardInterrupt away and raises a RuntimeError in its place, or an
    InterruptException where another thread ended it.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        or (isinstance(error, RuntimeError) and str(error) == "Query interrupted")
        or type(error).__name__ == "InterruptException"
    )


class AuylError(Exception):
    """Base of the errors that this library raises on purpose. No text holds a ИИН, not even in the name of a file."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(without_numbers(one) if isinstance(one, str) else one for one in arguments))


class Failure(AuylError):
    """An error that nobody foresaw: its type and place in our code; its own text if it is about the machine."""

    def __init__(self, error: BaseException) -> None:
        # What SQLAlchemy wraps.
        inner = getattr(error, "orig", None) or error
        code = getattr(inner, "pgcode", None)
        is_of_machine = isinstance(error, OSError) and error.errno is not None
        is_of_machine |= code is None and type(inner).__name__ in _OF_THE_MACHINE
        words = str(inner).strip().partition("\n")[0] if is_of_machine else "its text may quote a row and is not shown"
        kind = f"{type(inner).__name__} {code or ''}".strip()
        super().__init__(f"{kind} in {place_of(error)}: {words}")


@contextmanager
def content_hidden() -> Iterator[None]:
    """What leaves this block may be printed or logged with all its causes: no error quotes a row.

    The errors of this library lose their causes, which are those of other libraries; errors of these become `Failure`.
    Those of Airflow, by which a task is skipped or fails in our words, stay.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, AuylError) or any(kind.__module__.startswith("airflow.") for kind in type(error).__mro__):
            error.__cause__, error.__suppress_context__ = None, True
            raise
        raise Failure(error).with_traceback(error.__traceback__) from None


class SettingMissing(AuylError):
    """A setting is absent or unusable."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"setting {name}: expected {expected}")


class FolderOpen(AuylError):
    """A folder with numbers and names of persons that other accounts may open; the message says how to close it."""

    def __init__(self, setting: str, expected: str, found: str, command: str) -> None:
        super().__init__(f"setting {setting}: expected {expected}; found {found}. Fix: {command}")


class ContractInvalid(AuylError):
    """A contract, a suite or a catalogue file breaks its own rules; found by tests, not by the night run."""


class SourceUnavailable(AuylError):
    """A source did not answer, or broke off. A retry may help; nothing was landed."""


class SourceNotReady(SourceUnavailable):
    """A source works and has nothing ready yet: a file is incomplete, a message is on its way.

    A retry is cheap and no failure. `again_in_s` is when the source itself asks for it, in seconds.
    """

    def __init__(self, text: str, again_in_s: float | None = None) -> None:
        super().__init__(text)
        self.again_in_s = again_in_s


class ConnectionUnusable(AuylError):
    """A connection's credentials, host key or certificate are wrong. A retry does not help and may lock the account."""

    def __init__(self, registry: str, connection: str, expected: str, found: str) -> None:
        super().__init__(
            f"{registry}: connection «{connection}»: expected {expected}; found {found}. Fix: a data "
            f"engineer, in the connection, with the registry's owner"
        )


class DatabaseUnusable(AuylError):
    """The PostgreSQL database cannot be used; the message says what to do."""


class LockLost(AuylError):
    """The server holds a lock of this process no longer, so another process may do the same work. Nothing was written.

    A retry helps, unless a pooler in transaction mode stands between.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the serving database: expected to hold the lock {name}, found that the connection to it broke off or a "
            f"pooler in transaction mode stands between. Nothing was written; it is done again at the next try. "
            f"Fix: a data engineer, if it happens again"
        )


class LockBusy(AuylError):
    """Another process has held a lock for longer than any work takes."""

    def __init__(self, name: str, seconds: float, holders: str) -> None:
        super().__init__(
            f"the lock {name}: expected to get it within {seconds / 60:.0f} minutes, found it held by {holders}. "
            f"Try again when that process has ended. Fix: a data engineer, if it hangs"
        )


class LandingLost(AuylError):
    """The lake has lost landed bytes, or others in their place. The same bytes, given again, put them back."""

    def __init__(self, registry: str, period: str, path: str, found: str = "none") -> None:
        super().__init__(
            f"{registry} {period}: expected the landed file {path} in the lake, found {found}. Give the same bytes "
            f"again: auyl intake {registry} FILES --period {period}, or pull them again. "
            "Fix: a data engineer, AUYL_LAKE"
        )


class RowsErased(AuylError):
    """Work rests on rows that were erased on purpose."""


class LakeRefused(AuylError):
    """Lake and database do not belong together; the message says which of them to correct. Nothing was written."""


class HashKeyRefused(AuylError):
    """The key of this process is not the stored one, or a rotation has not ended. Nothing was written."""


class TerritoryMissing(AuylError):
    """No edition of KATO has been loaded."""


@dataclass
class ExtractRefused(AuylError):
    """An extract that was refused: nothing of it reached stage.

    `owner` says who can correct it: the owner of the registry, or us.
    """

    registry: str
    file: str
    expected: str
    found: str
    owner: str
    line: int | None = None
    column: str | None = None

    def __post_init__(self) -> None:
        # A name of a file may hold line breaks, and what would look like another line of a log or mail.
        texts = (visible(self.file), self.expected, self.found)
        self.file, self.expected, self.found = (without_numbers(storable(text)) for text in texts)
        super().__init__(str(self))

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", column «{self.column}»"
        return f"{self.registry}: {place}: expected {self.expected}; found {self.found}. Fix: {self.owner}"

    def as_dict(self) -> dict[str, object]:
        """Fields of the refusal, as the ledger keeps them."""
        return asdict(self)
