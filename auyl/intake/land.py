"""Landing: the bytes as they came, their sha256, and one row of the ledger.

The digest of a delivery is over its files' digests and not their names, so a file sent again under another name is
the same delivery.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auyl import ledger
from auyl.contracts import Contract
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.lake import Lake
from auyl.store.locks import LAND, lock


def land(
    settings: Settings,
    contract: Contract,
    period: str,
    files: list[Path],
    extracted_at: datetime | None,
    source: str,
    watermark: str | None = None,
    evidence: dict[str, Any] | None = None,
    corrects: int | None = None,
) -> ledger.Delivery:
    """Copy `files` into the lake and write the delivery down; the same bytes again give the row that is there.

    `corrects` is the batch whose rejected rows the files correct.
    `extracted_at` says when the source made the extract; without it the newest time of the files stands for it.
    `evidence` is what the source said of itself (request ids, signatures); it is kept in the manifest.
    """
    lake = Lake(settings.lake)
    files = sorted(files, key=lambda file: file.name)
    with lock(settings, LAND, contract.registry, period):
        # Only this lock's holder writes an incoming folder, so one that is there was left by a killed process.
        incoming = paths.landing_incoming(contract.registry, period)
        lake.prepare(incoming)
        with ThreadPoolExecutor(max_workers=settings.threads) as pool:
            sums = list(pool.map(lambda file: lake.put(file, f"{incoming}/{file.name}"), files))
        digest = hashlib.sha256("\n".join(sorted(sums)).encode()).hexdigest()
        known = ledger.find_delivery(settings, contract.registry, period, digest)
        if known is not None:
            lake.remove(incoming)
            return known
        return _write_down(
            settings, lake, contract, period, files, sums, digest, extracted_at, source, watermark, evidence or {},
            incoming, corrects,
        )  # fmt: skip


def _write_down(
    settings: Settings,
    lake: Lake,
    contract: Contract,
    period: str,
    files: list[Path],
    sums: list[str],
    digest: str,
    extracted_at: datetime | None,
    source: str,
    watermark: str | None,
    evidence: dict[str, Any],
    incoming: str,
    corrects: int | None,
) -> ledger.Delivery:
    folder = paths.landing_folder(contract.registry, period, digest)
    if extracted_at is None:
        extracted_at = datetime.fromtimestamp(max(file.stat().st_mtime for file in files), tz=UTC)
    entries = [(file.name, total, file.stat().st_size) for file, total in zip(files, sums, strict=True)]
    manifest = {
        "registry": contract.registry,
        "period": period,
        "digest": digest,
        "extracted_at": extracted_at.isoformat(),
        "source": source,
        "contract": contract.digest,
        "evidence": evidence,
        "files": [{"name": name, "sha256": total, "bytes": size} for name, total, size in entries],
    }
    lake.write(f"{incoming}/{paths.MANIFEST}", json.dumps(manifest, ensure_ascii=False, indent=1).encode())
    lake.move(incoming, folder)
    return ledger.add_delivery(
        settings, contract.registry, period, digest, entries, extracted_at, watermark, source, folder, corrects
    )


def files_of(lake: Lake, delivery: ledger.Delivery, work: Path, names: Collection[str] | None = None) -> list[Path]:
    """The landed files of a delivery as local paths; fetched into `work` when the lake is elsewhere.

    `names` asks for these alone. Raises FileNotFoundError when one of them is not there.
    """
    landed = [path for path in lake.files(delivery.landing_path) if not path.endswith(f"/{paths.MANIFEST}")]
    if names is not None:
        landed = [f"{delivery.landing_path}/{name}" for name in sorted(names)]
        if gone := [path for path in landed if not lake.exists(path)]:
            raise FileNotFoundError(f"the lake has lost {gone[0]}")
    if lake.is_local:
        return [Path(lake.address(path)) for path in landed]
    local = []
    for path in landed:
        target = work / path.rsplit("/", 1)[-1]
        lake.filesystem.get_file(lake.address(path), str(target))
        local.append(target)
    return local
