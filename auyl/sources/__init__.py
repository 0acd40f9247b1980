"""Ways in: one module each, with one function `pull(contract, period, address, work, watermark) -> Pulled`.

A module here knows how to reach a kind of source and nothing of what its bytes mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path

from auyl.contracts import Contract

# All of Kazakhstan is UTC+5 since 1 March 2024; times without a zone in extracts are local.
LOCAL = timezone(timedelta(hours=5))


@dataclass(frozen=True)
class Pulled:
    """What a source gave: files in a working folder, when it says it made them, and how far a watermark went."""

    files: list[Path]
    source: str
    extracted_at: datetime | None = None
    watermark: str | None = None


def pull(contract: Contract, period: str, address: str, work: Path, watermark: str | None) -> Pulled:
    """Ask the source of `contract`. Raises SourceUnavailable, ExtractRefused."""
    module = import_module(f"auyl.sources.{contract.way}")
    pulled: Pulled = module.pull(contract, period, address, work, watermark)
    return pulled


def extracted_at(contract: Contract, files: list[Path]) -> datetime | None:
    """When the source made an extract, if the envelope of its first file says so; local time where no zone is given."""
    import re

    path = dict(contract.options.get("envelope") or {}).get("extracted_at")
    if not path:
        return None
    with files[0].open("rb") as stream:
        head = stream.read(1 << 16)
    name = str(path).rsplit("/", 1)[-1].encode()
    pattern = rb'"%s"\s*:\s*"([^"]+)"' if contract.format in ("json", "geojson") else rb"<(?:[\w.\-]+:)?%s>\s*([^<\s]+)"
    found = re.search(pattern % re.escape(name), head)
    if not found:
        return None
    try:
        stated = datetime.fromisoformat(found.group(1).decode("ascii", errors="replace"))
    except ValueError:
        return None
    return stated if stated.tzinfo else stated.replace(tzinfo=LOCAL)
