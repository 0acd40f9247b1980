"""All of a period in one process: what the DAGs do, for `auyl build`, the bench and the tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event

from auyl import contracts
from auyl.errors import SourceUnavailable
from auyl.intake import BatchResult, land_files, load
from auyl.settings import Settings
from auyl.snapshot import BuildResult
from auyl.snapshot import build as build_snapshot
from auyl.store.postgres import one_connection

WORKERS = 3


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

    Several at a time: one that waits for the disk or is parsed by a single thread leaves a core to the next.
    """
    folders = {r: extracts / period / r for r in contracts.names(settings.include) if only is None or r in only}
    found = {r: sorted(p for p in folder.iterdir() if p.is_file()) for r, folder in folders.items() if folder.is_dir()}
    if not found:
        raise SourceUnavailable(
            f"all registries: expected {period}/<registry>/<files>; found no extract of {period} below "
            f"{extracts.name}. Fix: whoever gave the command"
        )
    order = sorted(found, key=lambda registry: -sum(file.stat().st_size for file in found[registry]))

    waiting = iter(order)
    is_over = Event()
    results: dict[str, Future[BatchResult | None]] = {registry: Future() for registry in order}

    def work() -> BatchResult | None:
        # A new connection costs more than the questions of a registry.
        with one_connection(settings):
            for registry in waiting:
                if is_over.is_set():
                    break
                try:
                    batch = load(land_files(registry, period, found[registry], settings), settings)
                except Exception as error:
                    results[registry].set_exception(error)
                else:
                    results[registry].set_result(batch)
        return None

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        workers = [pool.submit(work) for _ in range(min(WORKERS, len(order)))]
        try:
            # A worker has no result, but may say why it could not begin.
            for future in as_completed([*results.values(), *workers]):
                if (batch := future.result()) is not None:
                    yield batch
        finally:
            is_over.set()  # a Ctrl-C, or the first that fails, begins no other
