"""All of a period in one process: what the DAGs do, for `auyl build`, the bench and the tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from auyl import contracts
from auyl.errors import SourceUnavailable
from auyl.intake import BatchResult, land_files, load
from auyl.settings import Settings
from auyl.snapshot import BuildResult
from auyl.snapshot import build as build_snapshot
from auyl.store.postgres import one_connection


def run(
    settings: Settings,
    period: str,
    extracts: Path | None,
    allow_missing: bool = False,
    say: Callable[[str], None] = print,
) -> BuildResult:
    """Take in `<extracts>/<period>/<registry>/*` for every contract that has such a folder, then build the period.

    Raises SourceUnavailable when there is no folder for the period at all.
    """
    began = time.monotonic()

    def tell(text: str) -> None:
        say(f"{time.monotonic() - began:6.1f} s  {text}")

    if extracts is not None:
        for batch in take_in(settings, period, extracts):
            tell(
                f"{batch.registry} {batch.status}: rows_in {batch.rows_in} staged {batch.staged} "
                f"linkable {batch.linkable} quarantined {batch.quarantined} duplicates {batch.duplicates}"
                + (f"\n          {batch.refusal}" if batch.refusal else "")
            )
    result = build_snapshot(period, settings, allow_missing)
    missing = f", missing {', '.join(result.missing)}" if result.missing else ""
    tell(f"snapshot {period} {result.status}, revision {result.revision}, {result.rows} values{missing}")
    return result


def take_in(
    settings: Settings, period: str, extracts: Path, only: Collection[str] | None = None
) -> Iterator[BatchResult]:
    """Land and load every registry, or `only` these, that has a folder for the period, as they are done.

    Three at a time: one that waits for the disk or is parsed by a single thread leaves a core to the next.
    """
    folders = {r: extracts / period / r for r in contracts.names(settings.include) if only is None or r in only}
    found = {r: sorted(p for p in folder.iterdir() if p.is_file()) for r, folder in folders.items() if folder.is_dir()}
    if not found:
        raise SourceUnavailable(
            f"all registries: expected {period}/<registry>/<files>; found no extract of {period} below "
            f"{extracts.name}. Fix: whoever gave the command"
        )
    order = sorted(found, key=lambda registry: -sum(file.stat().st_size for file in found[registry]))

    def one(registry: str) -> BatchResult:
        with one_connection(settings):
            return load(land_files(registry, period, found[registry], settings), settings)

    with ThreadPoolExecutor(max_workers=3) as pool:
        futures = [pool.submit(one, registry) for registry in order]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            for future in futures:  # a Ctrl-C, or the first that fails, begins no other
                future.cancel()
            raise
