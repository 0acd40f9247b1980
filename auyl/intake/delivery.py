"""Pull: ask a source for a period and land what it gives."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from auyl import contracts, ledger, sources
from auyl.contracts import Contract
from auyl.errors import ExtractRefused
from auyl.intake.handback import base_of, corrected_batch
from auyl.intake.land import land
from auyl.settings import Settings, connection_from_environment, from_environment


def pull(
    registry: str,
    period: str,
    connection: Callable[[str], str] = connection_from_environment,
    settings: Settings | None = None,
) -> int:
    """Ask the source of `registry` for `period`, land its answer, return the delivery's number.

    `connection` turns the name that the contract gives into an address with credentials.
    Raises SourceUnavailable when the source does not answer whole, ExtractRefused when its answer cannot be right.
    """
    settings = settings or from_environment()
    contract = contracts.load(registry, settings.include)
    address = connection(contract.connection)
    mark = ledger.watermark(settings, registry, period) if contract.is_delta else None
    spill = settings.home / "spill"
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=spill) as work:
        try:
            pulled = sources.pull(contract, period, address, Path(work), mark)
        except ExtractRefused as refusal:
            ledger.add_refusal(settings, registry, period, str(refusal), refusal.as_dict())
            raise
        return _land(settings, contract, period, pulled.files, pulled.extracted_at, pulled.source, pulled.watermark)


def land_files(
    registry: str,
    period: str,
    files: list[Path],
    settings: Settings | None = None,
    extracted_at: datetime | None = None,
    corrects: int | None = None,
) -> int:
    """Land files that somebody brought by hand; return the delivery's number. Raises ExtractRefused.

    A file with the name that hand-back gave it, or any with `corrects`, mends rejected rows of that batch.
    """
    settings = settings or from_environment()
    contract = contracts.load(registry, settings.include)
    corrects = corrects or next(filter(None, map(corrected_batch, files)), None)
    if corrects is not None:
        base = base_of(settings, contract, corrects)
        return land(
            settings, contract, base.period, files, base.extracted_at, "by hand, mended rows", None, base.batch_id
        ).delivery_id
    return _land(settings, contract, period, files, extracted_at, "by hand", None)


def _land(
    settings: Settings,
    contract: Contract,
    period: str,
    files: list[Path],
    extracted_at: datetime | None,
    source: str,
    watermark: str | None,
) -> int:
    if not files:
        refusal = ExtractRefused(contract.registry, source, f"an extract of {period}", "no file", contract.mender)
        ledger.add_refusal(settings, contract.registry, period, str(refusal), refusal.as_dict())
        raise refusal
    stated = sources.extracted_at(contract, files) or extracted_at
    return land(settings, contract, period, files, stated, source, watermark).delivery_id
