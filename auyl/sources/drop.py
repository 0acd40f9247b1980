"""Which files of a drop folder are whole, by the marker that the contract promises, and which of them are new.

Nothing here reads a folder: `file` and `sftp` list it and fetch the markers.

Contract options:
    filePattern     names of the data files; `{period}` stands for the period
    marker          `{name}.ok`: one marker a file, written after it; a sha256 in it is checked
                    without `{name}`: one manifest for all, JSON {"files": [{"name", "sha256", "bytes"}]} or the lines
                    of sha256sum; what it does not list is not taken
    stableSeconds   without a marker: size and time of every file must be the same in two looks so far apart
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from auyl.contracts import Contract
from auyl.errors import ExtractRefused, SourceNotReady
from auyl.sources import Past

MAX_MARKER_BYTES = 1 << 20
# A file of so young an age may still change within the resolution of its time; it is not taken for known.
RACY_S = 2.0


@dataclass(frozen=True)
class Seen:
    """A file as a listing shows it: size in bytes, time of change in seconds."""

    size: int
    mtime: float


@dataclass(frozen=True)
class Promise:
    """What a marker says of a file."""

    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Whole:
    """Files that may be taken, as they were seen and promised."""

    files: dict[str, Seen]
    promised: dict[str, Promise] = field(default_factory=dict)
    marker: str | None = None
    not_listed: tuple[str, ...] = ()


def pattern_of(contract: Contract, period: str) -> str:
    """Names of the data files of a period."""
    return str(contract.options["filePattern"]).replace("{period}", period)


def before_period(path: str) -> str | None:
    """The part of a folder's path that is there before any period is; None when the path names no period."""
    return path.partition("{period}")[0].rpartition("/")[0] or "/" if "{period}" in path else None


def _marker_of(contract: Contract, period: str) -> str | None:
    marker = contract.options.get("marker")
    return str(marker).replace("{period}", period) if marker else None


def markers_to_read(contract: Contract, period: str, listing: Mapping[str, Seen]) -> list[str]:
    """Names in `listing` that `whole` wants to have read. Raises ExtractRefused for one too big to be a marker."""
    marker = _marker_of(contract, period)
    if marker is None:
        return []
    shape = marker.replace("{name}", pattern_of(contract, period))
    names = sorted(name for name in listing if fnmatchcase(name, shape))
    for name in names:
        if listing[name].size > MAX_MARKER_BYTES:
            found = f"{listing[name].size:,} bytes"
            raise contract.refusal(name, f"a marker of at most {MAX_MARKER_BYTES:,} bytes", found)
    return names


def whole(
    contract: Contract, period: str, listing: Mapping[str, Seen], markers: Mapping[str, bytes], past: Past
) -> Whole:
    """The files of `listing` that are whole; `markers` is the content of those that `markers_to_read` named.

    Raises SourceNotReady while there is nothing or something is not whole yet, ExtractRefused for a marker that
    promises what is not there.
    """
    pattern = pattern_of(contract, period)
    marker = _marker_of(contract, period)
    found = {name: seen for name, seen in listing.items() if fnmatchcase(name, pattern) and name not in markers}
    if marker is None:
        if not found:
            raise SourceNotReady(f"{contract.registry}: nothing named {pattern} in the drop folder yet")
        return _stable(contract, found, past)
    if "{name}" in marker:
        return _marked_each(contract, pattern, marker, found, markers)
    if not markers:
        raise SourceNotReady(
            f"{contract.registry}: no {marker} in the drop folder yet, which says that the delivery is whole"
        )
    return _listed(contract, marker, found, markers[marker])


def _marked_each(
    contract: Contract, pattern: str, marker: str, found: dict[str, Seen], markers: Mapping[str, bytes]
) -> Whole:
    before, after = marker.split("{name}", 1)
    marked = {name.removeprefix(before).removesuffix(after): name for name in markers}
    for name, its_marker in sorted(marked.items()):
        if name not in found:
            raise contract.refusal(its_marker, f"the file {name} that it marks as whole", "no such file")
    if not found:
        raise SourceNotReady(f"{contract.registry}: nothing named {pattern} in the drop folder yet")
    if waiting := sorted(found.keys() - marked.keys()):
        names = ", ".join(waiting[:5])
        raise SourceNotReady(
            f"{contract.registry}: {len(waiting)} of {len(found)} files have no marker {marker} yet: {names}"
        )
    promised = {}
    for name, its_marker in marked.items():
        digest = re.search(rb"\b[0-9a-fA-F]{64}\b", markers[its_marker])
        promised[name] = Promise(digest.group().decode().lower() if digest else None)
    return Whole(found, promised, marker)


def _listed(contract: Contract, marker: str, found: dict[str, Seen], content: bytes) -> Whole:
    promised = _manifest(contract, marker, content)
    for name, promise in promised.items():
        if name not in found:
            raise contract.refusal(marker, f"the file {name} that it lists", "no such file")
        if promise.size is not None and promise.size != found[name].size:
            raise contract.refusal(name, f"{promise.size:,} bytes, as {marker} says", f"{found[name].size:,} bytes")
    taken = {name: found[name] for name in promised}
    return Whole(taken, promised, marker, tuple(sorted(found.keys() - taken.keys())))


def _manifest(contract: Contract, marker: str, content: bytes) -> dict[str, Promise]:
    """What a manifest lists. Raises ExtractRefused for one that is neither JSON of our shape nor sha256sum's lines."""

    def refuse(found: str, line: int | None = None) -> ExtractRefused:
        expected = 'a manifest: {"files": [{"name", "sha256", "bytes"}]} or lines of sha256sum'
        return contract.refusal(marker, expected, found, line)

    text = content.decode("utf-8-sig", errors="replace")
    promised: dict[str, Promise] = {}
    if text.lstrip().startswith("{"):
        try:
            entries = json.loads(text)["files"]
            for entry in entries:
                size = entry.get("bytes")
                digest = str(entry["sha256"]).lower() if entry.get("sha256") else None
                promised[str(entry["name"])] = Promise(digest, None if size is None else int(size))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise refuse(f"{type(error).__name__}: {error}") from error
        if len(promised) != len(entries):
            raise refuse("a file that is listed twice")
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            parts = re.fullmatch(r"([0-9a-fA-F]{64})\s+\*?(\S.*?)\s*", line)
            if not parts:
                raise refuse(line[:80], number)
            if parts[2] in promised:
                raise refuse("a file that is listed twice", number)
            promised[parts[2]] = Promise(parts[1].lower())
    if not promised:
        raise refuse("a manifest of no file")
    for name, promise in promised.items():
        if promise.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", promise.sha256):
            raise refuse(f"{promise.sha256[:80]} for {name}, which is no sha256")
    return promised


def _stable(contract: Contract, found: dict[str, Seen], past: Past) -> Whole:
    apart_s = float(contract.options.get("stableSeconds") or 0)
    if not apart_s:
        return Whole(found)
    now = datetime.now(tz=UTC)
    look = {name: [seen.size, seen.mtime] for name, seen in sorted(found.items())}
    former = _json(past.note)
    if former.get("look") == look:
        passed_s = (now - datetime.fromisoformat(str(former["at"]))).total_seconds()
        if passed_s >= apart_s:
            return Whole(found)
        raise SourceNotReady(
            f"{contract.registry}: {len(found)} files unchanged for {passed_s:.0f} s of {apart_s:.0f}",
            apart_s - passed_s,
        )
    past.remember(json.dumps({"look": look, "at": now.isoformat()}))
    changed = "seen for the first time" if "look" not in former else "still changing"
    raise SourceNotReady(f"{contract.registry}: {len(found)} files {changed}; a second look follows", apart_s)


def check(contract: Contract, whole: Whole, name: str, file: Path) -> None:
    """Compare a fetched file with what was seen and promised of it. Raises ExtractRefused."""
    promise = whole.promised.get(name, Promise())
    if promise.sha256 is None:
        return
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != promise.sha256:
        raise contract.refusal(name, f"sha256 {promise.sha256[:16]}…, as its marker says", f"{digest[:16]}…")


@dataclass(frozen=True)
class Plan:
    """What of the whole files is to be fetched, what is known, and the watermark to leave."""

    fetch: list[str]
    kept: tuple[str, ...]
    watermark: str
    unchanged: bool


def plan(contract: Contract, whole: Whole, past: Past, now: datetime) -> Plan:
    """Compare with the files of the last delivery: name, size, time of change and promised digest.

    A registry that sends changes is given its new files alone; from another the whole set is wanted again when one of
    them has changed, but only those that did are fetched.
    """
    current = {
        name: [seen.size, seen.mtime, whole.promised.get(name, Promise()).sha256] for name, seen in whole.files.items()
    }
    former = _json(past.watermark).get("files") or {}
    known = {name for name, state in current.items() if former.get(name) == state}
    # the null is equal to no time that is ever seen
    state = {
        name: [
            entry[0],
            None if entry[2] is None and abs(now.timestamp() - float(entry[1] or 0)) < RACY_S else entry[1],
            entry[2],
        ]
        for name, entry in current.items()
    }
    fetch = sorted(current.keys() - known)
    if contract.is_delta:
        mark = json.dumps({"files": {**former, **state}}, ensure_ascii=False)
        return Plan(fetch, (), mark, not fetch)
    unchanged = not fetch and former.keys() == current.keys()
    return Plan(fetch, tuple(sorted(known)), json.dumps({"files": state}, ensure_ascii=False), unchanged)


def evidence(whole: Whole) -> dict[str, Any]:
    """What the manifest of the delivery keeps of the drop."""
    found: dict[str, Any] = {"files": {name: {"mtime": seen.mtime} for name, seen in sorted(whole.files.items())}}
    if whole.marker:
        found["marker"] = whole.marker
    if whole.not_listed:
        found["not_listed"] = list(whole.not_listed)
    return found


def _json(text: str | None) -> dict[str, Any]:
    """The object in `text`; another way in may have left something else."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
