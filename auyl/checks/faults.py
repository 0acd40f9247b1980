"""A fault: file, line and what is wrong; and how a line is found from what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from auyl.errors import ContractInvalid

_FILE = re.compile(
    r"^(?P<file>[\w.-]+\.(?:yaml|json|sql))(?:, line (?P<line>\d+))?[,:]?\s*(?P<words>.*)$", flags=re.DOTALL
)
_LINE = re.compile(r" \(line (\d+)\)$")
# What a message names, the most telling first: quoted texts, then words with a point or an underscore, then others.
_NAMED = (
    re.compile(r"«([^»]+)»"),
    re.compile(r"['\"]([^'\"]+)['\"]"),
    re.compile(r"\b\w+[._:]\w[\w.]*"),
    re.compile(r"\w{3,}"),
)


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong in a file; line 1 where it is the whole file."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {' '.join(self.words.split())}"


def fault_in(path: Path, words: str) -> Fault:
    """A fault of a file; its line is that which the words give, else the first that has what they name."""
    match = _FILE.match(words)
    if match and match["file"] == path.name:
        words = match["words"]
        at_end = _LINE.search(words)
        if match["line"] or at_end:
            return Fault(path.name, int(match["line"] or at_end[1]), _LINE.sub("", words))  # type: ignore[index]
    return Fault(path.name, line_of(path, words), words)


def line_of(path: Path, words: str) -> int:
    """The first line of the file with what the words name; what stands there least often tells most."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return 1
    for pattern in _NAMED:
        places = [[n for n, line in enumerate(lines, start=1) if name in line] for name in pattern.findall(words)]
        found = min(filter(None, places), key=len, default=None)
        if found:
            return found[0]
    return 1


def collect(paths: Iterable[Path], step: Callable[[Path], object]) -> list[Fault]:
    """The faults that a step raises for each of these files."""
    faults = []
    for path in paths:
        try:
            step(path)
        except ContractInvalid as error:
            faults += [fault_in(path, words) for words in str(error).splitlines() if words.strip()]
        except Exception as error:
            faults.append(fault_in(path, f"cannot be read: {type(error).__name__}: {str(error).partition(chr(10))[0]}"))
    return faults
