"""Names of files: which ones a contract means, and which ones only look like those.

Names are compared in NFC: macOS writes a letter and its mark apart. Everything else counts as it is written, case too,
since `A.csv` and `a.csv` may be two files; a name that differs by case or a few letters is reported, not taken.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

SHOWN = 3
LEAST_RATIO = 0.8


def composed(name: str) -> str:
    """A name in NFC."""
    return unicodedata.normalize("NFC", name)


def matches(name: str, pattern: str) -> bool:
    """Is a name one of a pattern?"""
    return fnmatchcase(composed(name), composed(pattern))


def near(names: Iterable[str], patterns: Sequence[str], known: Iterable[str]) -> dict[str, list[str]]:
    """Names that match none of `patterns` and look like one that does, by the pattern that they come nearest to.

    What matches one of the patterns `known` is meant as it is: a file of another month.
    """
    alike: dict[str, list[str]] = {}
    meant = [*patterns, *known]
    for name in sorted(names):
        if not any(matches(name, pattern) for pattern in meant):
            score, pattern = max((_likeness(name, pattern), pattern) for pattern in patterns)
            if score >= LEAST_RATIO:
                alike.setdefault(pattern, []).append(name)
    return alike


def matches_folded(name: str, pattern: str) -> bool:
    """Is a name one of a pattern, apart from case, spaces and hyphens?"""
    return fnmatchcase(_folded(name), _folded(pattern))


def _likeness(name: str, pattern: str) -> float:
    if matches_folded(name, pattern):
        return 1.0
    return difflib.SequenceMatcher(None, _folded(name), _folded(pattern.replace("*", ""))).ratio()


def quoted(names: Iterable[str]) -> str:
    """The first few names, for a message."""
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(f"«{name}»" for name in listed[:SHOWN]) + more


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().replace(" ", "").replace("-", "_")
