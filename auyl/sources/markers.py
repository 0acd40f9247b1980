"""What a marker or a manifest says about files: names, sizes and checksums.

A marker of one file may hold anything; a checksum in it must be the one of that file. A manifest is JSON or the lines
of sha256sum.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from auyl.contracts import Contract
from auyl.errors import ExtractRefused, shape
from auyl.sources.names import composed

SHA256 = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
# As sha256sum writes it, and as BSD's does.
LINE = re.compile(r"([0-9a-fA-F]{64})\s+\*?(\S.*?)\s*")
BSD_LINE = re.compile(r"SHA256 ?\((.+)\) ?= ?([0-9a-fA-F]{64})\s*")


@dataclass(frozen=True)
class MarkerEntry:
    """What a marker says about a file."""

    sha256: str | None = None
    size: int | None = None


def read_marker(contract: Contract, marker: str, name: str, content: bytes) -> MarkerEntry:
    """What the marker of the file `name` says. Raises ExtractRefused where it speaks of another file, or of two."""
    text = _decoded(content)
    named = dict(filter(None, map(_named_sha256, text.splitlines())))
    if named:
        if composed(name) not in named:
            raise contract.refusal(marker, f"the sha256 of {name}", f"that of {shape(next(iter(named)))}")
        return MarkerEntry(named[composed(name)])
    digests = {digest.lower() for digest in SHA256.findall(text)}
    if len(digests) > 1:
        raise contract.refusal(marker, f"one sha256 of {name}", f"{len(digests)} without names")
    if not digests and marker.lower().endswith((".sha256", ".sha256sum")):
        raise contract.refusal(marker, f"the sha256 of {name}, 64 digits in hex", f"the text «{shape(text)}»")
    return MarkerEntry(digests.pop() if digests else None)


def _decoded(content: bytes) -> str:
    is_utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")


def _named_sha256(line: str) -> tuple[str, str] | None:
    if match := LINE.fullmatch(line.strip()):
        name, digest = match[2], match[1]
    elif match := BSD_LINE.fullmatch(line.strip()):
        name, digest = match[1], match[2]
    else:
        return None
    return composed(re.split(r"[/\\]", name)[-1]), digest.lower()


def read_manifest(contract: Contract, marker: str, content: bytes) -> dict[str, MarkerEntry]:
    """What a manifest lists. Raises ExtractRefused for one that is neither JSON of our shape nor sha256sum's lines."""

    def refusal(found: str, line: int | None = None) -> ExtractRefused:
        expected = 'a manifest: {"files": [{"name", "sha256", "bytes"}]} or lines of sha256sum'
        return contract.refusal(marker, expected, found, line)

    text = content.decode("utf-8-sig", errors="replace")
    entries: dict[str, MarkerEntry] = {}
    if text.lstrip().startswith("{"):
        try:
            listed = json.loads(text, object_pairs_hook=_object)["files"]
            for item in listed:
                size = item.get("bytes")
                digest = str(item["sha256"]).lower() if item.get("sha256") else None
                entries[str(item["name"])] = MarkerEntry(digest, None if size is None else int(size))
        except _Twice:
            raise refusal("a key that is given twice") from None
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise refusal(f"something else ({type(error).__name__})") from error
        if len(entries) != len(listed):
            raise refusal("a file that is listed twice")
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            parts = LINE.fullmatch(line)
            if not parts:
                raise refusal(f"a line «{shape(line)}»", number)
            if parts[2] in entries:
                raise refusal("a file that is listed twice", number)
            entries[parts[2]] = MarkerEntry(parts[1].lower())
    if not entries:
        raise refusal("a manifest of no file")
    for name, entry in entries.items():
        if entry.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", entry.sha256):
            raise refusal(f"{shape(entry.sha256)} for {name}, which is no sha256")
    return entries


class _Twice(Exception):
    """An object of JSON has a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Of two values under one key, nobody knows which is meant."""
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise _Twice
    return entries
