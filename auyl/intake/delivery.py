"""Pull: ask a source for a period and land what it gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from auyl import contracts, ledger, sources
from auyl.contracts import Contract
from auyl.errors import ExtractRefused
from auyl.intake.corrections import base_of, corrected_batch
from auyl.intake.land import files_of, land
from auyl.settings import Settings, connection_from_environment, from_environment
from auyl.store.lake import Lake
from auyl.store.locks import PULL, lock
from auyl.store.spill import spill_folder


def pull(
    registry: str,
    period: str,
    connection: Callable[[str], str] = connection_from_environment,
    settings: Settings | None = None,
) -> int:
    """Ask the source of `registry` for `period`, land its answer, return the delivery's number.

    `connection` turns the name that the contract gives into an address with credentials. When the source has nothing
    new since the last delivery, that one's number is returned and nothing is fetched.
    Raises SourceNotReady, SourceUnavailable, ConnectionUnusable, and ExtractRefused when its answer cannot be right.
    """
    settings = settings or from_environment()
    contract = contracts.load(registry, settings.include)
    address = connection(contract.connection)
    lake = Lake(settings.lake)
    # Two pulls at once would ask the source for the same twice.
    with lock(settings, PULL, registry, period), spill_folder(settings) as work:
        previous = ledger.previous_delivery(settings, registry, period, accepted=contract.is_delta)
        landed = lake.files(previous.landing_path) if previous else []
        history = sources.PullHistory(
            previous.watermark if previous and landed else None,
            ledger.pull_note(settings, registry, period),
            lambda note: ledger.write_pull_note(settings, registry, period, note),
            (lambda name: lake.read(f"{previous.landing_path}/{name}")) if previous else None,
        )
        try:
            pulled = sources.pull(contract, period, address, work, history)
        except ExtractRefused as refusal:
            ledger.add_refusal(settings, registry, period, str(refusal), refusal.as_dict())
            history.remember(None)  # the next pull asks again
            raise
        if pulled.is_unchanged and previous is not None:
            history.remember(None)
            return previous.delivery_id
        reused = files_of(lake, previous, work, pulled.reused) if previous and pulled.reused else []
        number = _land(
            settings, contract, period, [*pulled.files, *reused], pulled.extracted_at, pulled.source, pulled.watermark,
            pulled.evidence,
        )  # fmt: skip
        history.remember(None)
        return number


def land_files(
    registry: str,
    period: str,
    files: list[Path],
    settings: Settings | None = None,
    extracted_at: datetime | None = None,
    corrects: int | None = None,
) -> int:
    """Land files that somebody brought by hand; return the delivery's number. Raises ExtractRefused.

    A file with the name that hand-back gave it, or any with `corrects`, corrects rejected rows of that batch.
    """
    settings = settings or from_environment()
    contract = contracts.load(registry, settings.include)
    corrects = corrects or next(filter(None, map(corrected_batch, files)), None)
    if corrects is not None:
        base = base_of(settings, contract, corrects)
        return land(
            settings, contract, base.period, files, base.extracted_at, "by hand, corrected rows", corrects=base.batch_id
        ).delivery_id
    return _land(settings, contract, period, files, extracted_at, "by hand", None, {})


def _land(
    settings: Settings,
    contract: Contract,
    period: str,
    files: list[Path],
    extracted_at: datetime | None,
    source: str,
    watermark: str | None,
    evidence: dict[str, Any],
) -> int:
    if not files:
        refusal = contract.refusal(source, f"an extract of {period}", "no file")
        ledger.add_refusal(settings, contract.registry, period, str(refusal), refusal.as_dict())
        raise refusal
    stated = sources.extracted_at(contract, files) or extracted_at
    return land(settings, contract, period, files, stated, source, watermark, evidence).delivery_id
