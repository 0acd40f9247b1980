"""Which files of a drop folder are complete, by the marker that the contract promises, and which of them are new.

Nothing here reads a folder: `file` and `sftp` list it and fetch the markers. Options: `FileOptions`. Without
`marker`, `stableSeconds` asks that size and time of every file are the same in two listings so far apart. Names in a
listing are in NFC (`names`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auyl.contracts import Contract
from auyl.contracts.options import FileOptions
from auyl.sources import PullHistory
from auyl.sources.markers import MarkerEntry, read_manifest, read_marker
from auyl.sources.names import composed, matches, matches_folded, near, quoted
from auyl.store.regular import EXPECTED, Opener, open_regular

MAX_MARKER_BYTES = 1 << 20
AS_LISTED = "the file as it was listed"
# A file may change again within the resolution of its time: one so young is not recognised next time.
RACY_S = 2.0


@dataclass(frozen=True)
class FileStat:
    """A file in a listing: size in bytes, time of change in seconds since 1970, its name as the folder spells it.

    `identity` is, in a local file system, the number of its inode and when that last changed, in nanoseconds: an inode
    is used again, and a time of change can be set.
    """

    size: int
    mtime: float
    name: str = field(default="", compare=False)
    identity: tuple[int, int] | None = None

    def is_still(self, now: FileStat | None) -> bool:
        """Is it the same file in a later listing? What was written into it is seen by its size, time or checksum."""
        if now is None or (now.size, now.mtime) != (self.size, self.mtime):
            return False
        return (self.identity or (0,))[0] == (now.identity or (0,))[0]


@dataclass
class Listing:
    """The regular files of a folder by their names in NFC; `skipped` is why another entry is none, by its name.

    `links` are entries that lead elsewhere or are no file at all, in words: under a name that is asked for, they refuse
    the delivery.
    """

    files: dict[str, FileStat] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, size: int, mtime: float, identity: tuple[int, int] | None = None) -> None:
        """Add a file; one whose name differs from another in its form only is skipped with it."""
        key = composed(name)
        if key in self.files or key in self.skipped:
            self.files.pop(key, None)
            self.skipped[key] = "two files whose names look the same"
        else:
            self.files[key] = FileStat(size, mtime, name, identity)


@dataclass(frozen=True)
class CompleteDelivery:
    """Files that may be taken, with their entries in the marker; `not_listed` are names that a manifest leaves out."""

    files: dict[str, FileStat]
    entries: dict[str, MarkerEntry] = field(default_factory=dict)
    marker: str | None = None
    not_listed: tuple[str, ...] = ()

    def sha256(self, name: str) -> str | None:
        """The sha256 that the marker promises for a file."""
        return self.entries.get(name, MarkerEntry()).sha256

    def check_sha256(self, contract: Contract, name: str, file: Path, opener: Opener = open_regular) -> None:
        """Compare a file with what the marker promises, before it is copied. Raises ExtractRefused."""
        promised = self.sha256(name)
        if promised is None:
            return
        with open(file, "rb", opener=opener) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != promised:
            raise contract.refusal(name, f"sha256 {promised[:16]}…, as its marker says", f"{digest[:16]}…")

    def promised(self) -> dict[str, str]:
        """The sha256 that the marker promises, by the names of the folder."""
        return {stat.name or name: digest for name, stat in self.files.items() if (digest := self.sha256(name))}

    def evidence(self) -> dict[str, Any]:
        """What the manifest of the delivery keeps: times of the files, the marker, names that it does not list."""
        files = {name: {"mtime": stat.mtime} for name, stat in sorted(self.files.items())}
        evidence: dict[str, Any] = {"files": files}
        if self.marker:
            evidence["marker"] = self.marker
        if self.not_listed:
            evidence["not_listed"] = list(self.not_listed)
        return evidence


def file_pattern(contract: Contract, period: str) -> str:
    """Names of the data files of a period."""
    return contract.options(FileOptions).file_pattern.replace("{period}", period).replace("{part}", "*")


def is_marker(contract: Contract, name: str) -> bool:
    """Is a file in a folder of the registry a marker, not data?"""
    options = contract.option_set(FileOptions)
    if options is None or options.marker is None:
        return False
    shape = options.marker.replace("{name}", options.file_pattern)
    return matches(name, shape.replace("{period}", "*").replace("{part}", "*"))


def incompleteness(contract: Contract, period: str, names: Collection[str], current: Collection[str]) -> str | None:
    """Which files of a period are missing or too many, in words; None when they are all there.

    As the contract says (`expectedFiles`, `parts`). Where it says nothing, and no file says of how many it is one,
    there must be as many as in the `current` extract of the period, which a part of them would replace.
    """
    options = contract.option_set(FileOptions)
    if options is None:
        return None
    if options.parts:
        pattern = options.file_pattern.replace("{period}", period)
        missing = [p for p in options.parts if not any(matches(n, pattern.replace("{part}", p)) for n in names)]
        known = [pattern.replace("{part}", part) for part in options.parts]
        unknown = [name for name in names if not any(matches(name, pattern) for pattern in known)]
        if missing:
            return f"{len(missing)} of {len(options.parts)} parts are missing: {', '.join(missing)}"
        return f"files of no part that the contract knows: {quoted(sorted(unknown))}" if unknown else None
    if options.expected_files:
        if len(names) == options.expected_files:
            return None
        there = quoted(sorted(names))
        return f"{len(names)} of {options.expected_files} files are there: {there}"
    if len(names) >= len(current) or (options.marker and "{name}" not in options.marker) or contract.counts_its_files:
        return None
    gone = quoted(sorted(set(map(composed, current)) - set(map(composed, names))))
    return f"{len(names)} of the {len(current)} files of the current extract are there; missing: {gone}"


def permanent_folder(path: str) -> str | None:
    """The part of a folder's path that exists before any period; None when the path names no period."""
    return path.partition("{period}")[0].rpartition("/")[0] or "/" if "{period}" in path else None


def _marker(contract: Contract, period: str) -> str | None:
    marker = contract.options(FileOptions).marker
    return marker.replace("{period}", period) if marker else None


def markers_to_read(contract: Contract, period: str, listing: Listing) -> list[str]:
    """Names in `listing` that `complete_delivery` needs the content of.

    Raises ExtractRefused for a marker too big, and for a link in place of a file or marker of the period.
    """
    pattern, marker = file_pattern(contract, period), _marker(contract, period)
    shape = marker.replace("{name}", pattern) if marker else pattern
    for name, found in sorted(listing.links.items()):
        if matches(name, pattern) or matches(name, shape):
            raise contract.refusal(name, EXPECTED, found)
    if marker is None:
        return []
    names = sorted(name for name in listing.files if matches(name, shape))
    for name in names:
        if listing.files[name].size > MAX_MARKER_BYTES:
            found = f"{listing.files[name].size:,} bytes"
            raise contract.refusal(name, f"a marker of at most {MAX_MARKER_BYTES:,} bytes", found)
    return names


class _Waiting(Exception):
    """Nothing is complete yet, in words; `again_in_s` as of SourceNotReady."""

    def __init__(self, found: str, again_in_s: float | None = None) -> None:
        super().__init__(found)
        self.again_in_s = again_in_s


def complete_delivery(
    contract: Contract, period: str, listing: Listing, markers: Mapping[str, bytes], history: PullHistory
) -> CompleteDelivery:
    """The files of `listing` that are complete; `markers` is the content of those that `markers_to_read` named.

    Raises SourceNotReady while there is nothing or something is incomplete, ExtractRefused for a marker that promises
    what does not exist.
    """
    pattern = file_pattern(contract, period)
    marker = _marker(contract, period)
    files = {name: stat for name, stat in listing.files.items() if matches(name, pattern) and name not in markers}
    try:
        if not files and (marker is None or ("{name}" in marker and not markers)):
            raise _Waiting(f"nothing named {pattern} in the drop folder yet")
        if marker is None:
            delivery = _stable(contract, files, history)
        elif "{name}" in marker:
            delivery = _each_marked(contract, marker, files, markers)
        elif markers:
            (content,) = markers.values()
            delivery = _listed(contract, marker, files, content)
        else:
            raise _Waiting(f"no {marker} in the drop folder yet, which says that the delivery is complete")
        # Of changes, a folder keeps as many files as it likes.
        missing = None if contract.is_delta else incompleteness(contract, period, delivery.files, history.current_files)
        missing = missing or _other_spellings(contract, pattern, marker, listing)
        if missing is not None:
            raise _Waiting(missing)
    except _Waiting as waiting:
        found = f"{waiting}{_look_alikes(contract, period, listing, files, markers)}"
        raise contract.not_ready(f"all files of {period}", found, waiting.again_in_s) from None
    # A file with holes takes no room where it lies, and all of it in the lake.
    if (size := sum(stat.size for stat in delivery.files.values())) > contract.max_extract_bytes:
        raise contract.too_large(max(delivery.files, key=lambda name: delivery.files[name].size), size)
    return delivery


def _other_spellings(contract: Contract, pattern: str, marker: str | None, listing: Listing) -> str | None:
    """Files that are parts of the delivery but for the spelling of their names, in words; a manifest names its own."""
    if contract.is_delta or "*" not in pattern or (marker is not None and "{name}" not in marker):
        return None
    names = [name for name in listing.files if matches_folded(name, pattern) and not matches(name, pattern)]
    return f"{len(names)} files seem to be parts under other names" if names else None


def _look_alikes(
    contract: Contract, period: str, listing: Listing, files: Collection[str], markers: Collection[str]
) -> str:
    """What a folder holds that may have been meant, in words; empty where nothing comes near."""
    pattern, marker = file_pattern(contract, period), _marker(contract, period)
    patterns = [pattern, *([marker.replace("{name}", pattern)] if marker else [])]
    known = [text.replace(period, "*") for text in patterns]
    others = [name for name in listing.files if name not in files and name not in markers]
    texts = [f"found {quoted(names)}; expected «{meant}»" for meant, names in near(others, patterns, known).items()]
    texts += [
        f"{why}: «{name}»"
        for name, why in sorted(listing.skipped.items())
        if any(matches(name, meant) for meant in patterns) or near([name], patterns, known)
    ]
    return "".join(f"; {text}" for text in texts)


def _each_marked(
    contract: Contract, marker: str, files: dict[str, FileStat], markers: Mapping[str, bytes]
) -> CompleteDelivery:
    before, after = marker.split("{name}", 1)
    marker_of = {name.removeprefix(before).removesuffix(after): name for name in markers}
    for name, its_marker in sorted(marker_of.items()):
        if name not in files:
            raise contract.refusal(its_marker, f"the file {name} that it marks as complete", "no such file")
    if waiting := sorted(files.keys() - marker_of.keys()):
        names = ", ".join(waiting[:5])
        raise _Waiting(f"{len(waiting)} of {len(files)} files have no marker {marker} yet: {names}")
    entries = {}
    for name, its_marker in marker_of.items():
        entries[name] = read_marker(contract, its_marker, name, markers[its_marker])
    return CompleteDelivery(files, entries, marker)


def _listed(contract: Contract, marker: str, files: dict[str, FileStat], content: bytes) -> CompleteDelivery:
    entries = {composed(name): entry for name, entry in read_manifest(contract, marker, content).items()}
    for name, entry in entries.items():
        if name not in files:
            raise contract.refusal(marker, f"the file {name} that it lists", "no such file")
        if entry.size is not None and entry.size != files[name].size:
            raise contract.refusal(name, f"{entry.size:,} bytes, as {marker} says", f"{files[name].size:,} bytes")
    listed = {name: files[name] for name in entries}
    return CompleteDelivery(listed, entries, marker, tuple(sorted(files.keys() - listed.keys())))


def _stable(contract: Contract, files: dict[str, FileStat], history: PullHistory) -> CompleteDelivery:
    """The files, if their sizes and times are the same as `stableSeconds` ago; the first listing becomes a note."""
    apart_s = contract.options(FileOptions).stable_seconds
    if not apart_s:
        return CompleteDelivery(files)
    now = datetime.now(tz=UTC)
    listing = {name: [stat.size, stat.mtime] for name, stat in sorted(files.items())}
    previous = _json(history.note)
    if previous.get("look") == listing:
        passed_s = (now - datetime.fromisoformat(str(previous["at"]))).total_seconds()
        if passed_s >= apart_s:
            return CompleteDelivery(files)
        raise _Waiting(f"{len(files)} files unchanged for {passed_s:.0f} s of {apart_s:.0f}", apart_s - passed_s)
    history.remember(json.dumps({"look": listing, "at": now.isoformat()}))
    changed = "seen for the first time" if "look" not in previous else "still changing"
    raise _Waiting(f"{len(files)} files {changed}; a second look follows", apart_s)


@dataclass(frozen=True)
class FetchPlan:
    """Which of the complete files to fetch, which to reuse from the last delivery, and the watermark to leave."""

    fetch: list[str]
    reused: tuple[str, ...]
    watermark: str
    is_unchanged: bool


def plan_fetch(contract: Contract, delivery: CompleteDelivery, history: PullHistory) -> FetchPlan:
    """Compare with the files of the last delivery: name, size, time of change and promised sha256.

    A registry that sends changes is given its new files alone; from another the whole set is wanted again when one of
    them has changed, but only those that did are fetched.
    """
    now_s = datetime.now(tz=UTC).timestamp()
    current = {name: [stat.size, stat.mtime, delivery.sha256(name)] for name, stat in delivery.files.items()}
    previous = _json(history.watermark).get("files") or {}
    known = {name for name, state in current.items() if previous.get(name) == state}
    for name, state in current.items():
        # Null in place of the time equals no time of a listing.
        if delivery.sha256(name) is None and abs(now_s - delivery.files[name].mtime) < RACY_S:
            state[1] = None
    fetch = sorted(current.keys() - known)
    if contract.is_delta:
        mark = json.dumps({"files": {**previous, **current}}, ensure_ascii=False)
        return FetchPlan(fetch, (), mark, not fetch)
    is_unchanged = not fetch and previous.keys() == current.keys()
    return FetchPlan(fetch, tuple(sorted(known)), json.dumps({"files": current}, ensure_ascii=False), is_unchanged)


def _json(text: str | None) -> dict[str, Any]:
    """The object in `text`; another way in may have left something else."""
    try:
        document = json.loads(text or "{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
