"""Ways in: one module each, with one function `pull(contract, period, address, work, history) -> Pulled`.

A module here knows how to reach a kind of source and nothing about what its bytes mean. It looks before it fetches: a
source with nothing complete to give raises SourceNotReady at once, so a caller may ask often and holds nothing between.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from auyl.contracts import Contract
from auyl.periods import LOCAL
from auyl.store.regular import Opener, open_regular

# An envelope stands before the records.
ENVELOPE_BYTES = 1 << 16
# Programs write 0001-01-01, 1899-12-30 or 1970-01-01 where they know no time.
FIRST_YEAR = 2000


@dataclass
class PullHistory:
    """What earlier pulls of this registry and period left.

    `watermark` says how far the last delivery read, in a form of its way in: a time, or the files and their state.
    `note` is what a pull that did not finish left for the next one; `write` stores it. `read` gives a file of the last
    delivery by its name. `current_files` are the names of the files of the extract that counts now. `partial` is a
    folder for files of which a part has arrived; it outlives the pull.
    """

    watermark: str | None = None
    note: str | None = None
    write: Callable[[str | None], None] = lambda note: None
    read: Callable[[str], bytes] | None = None
    current_files: tuple[str, ...] = ()
    partial: Path | None = None

    def remember(self, note: str | None) -> None:
        """Leave a note for the next pull, before anything that it must know about is done; None deletes it."""
        if note != self.note:
            self.write(note)
            self.note = note


@dataclass(frozen=True)
class Pulled:
    """What a source gave: files in a working folder, when it says it made them, and the new watermark.

    `extracted_at` is a statement of the source, not the time stamp of a file. `promised` are the sha256 that it gives
    for files by name; `check` raises SourceNotReady or ExtractRefused when the source has changed since it was listed.
    Both are asked once the bytes are copied. `opener` opens `files`. `is_whole`: of a registry that sends changes, all
    of its period. `is_unchanged`: nothing is new since the delivery that left the watermark, and nothing was fetched.
    `reused` are names of unchanged files of that delivery that belong to this one too. `evidence` goes into the
    manifest. `signed` are the sha256 of what signatures vouch for, one a file; empty where nothing was verified.
    """

    files: list[Path]
    source: str
    extracted_at: datetime | None = None
    watermark: str | None = None
    is_unchanged: bool = False
    reused: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)
    promised: dict[str, str] = field(default_factory=dict)
    check: Callable[[], None] = lambda: None
    is_whole: bool = False
    opener: Opener = open_regular
    signed: tuple[str, ...] = ()


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """Ask the source of `contract`.

    Raises SourceNotReady when nothing is complete yet, SourceUnavailable when it does not answer or breaks off,
    ConnectionUnusable when credentials or certificates are refused, ExtractRefused when its answer cannot be right.
    """
    module = import_module(f"auyl.sources.{contract.way}")
    pulled: Pulled = module.pull(contract, period, address, work, history)
    return pulled


def extracted_at(contract: Contract, files: list[Path], opener: Opener = open_regular) -> tuple[Path, datetime] | None:
    """When the source made an extract: the file whose envelope states the latest time, and that time.

    None where no envelope states a time that can be read or be true. Local time where no zone is given.
    """
    path = contract.envelope.get("extracted_at")
    if not path:
        return None
    name = re.escape(path.rsplit("/", 1)[-1].encode())
    pattern = rb'"%s"\s*:\s*"([^"]+)"' if contract.format in ("json", "geojson") else rb"<(?:[\w.\-]+:)?%s>\s*([^<\s]+)"
    stated = [(file, when) for file in files if (when := _stated_in(file, re.compile(pattern % name), opener))]
    return max(stated, key=lambda item: item[1]) if stated else None


def _stated_in(file: Path, pattern: re.Pattern[bytes], opener: Opener) -> datetime | None:
    with open(file, "rb", opener=opener) as stream:
        match = pattern.search(stream.read(ENVELOPE_BYTES))
    try:
        stated = datetime.fromisoformat(match.group(1).decode("ascii")) if match else None
    except ValueError:  # also of bytes that are no ASCII
        return None
    if stated is None or stated.year < FIRST_YEAR:
        return None
    return stated if stated.tzinfo else stated.replace(tzinfo=LOCAL)
