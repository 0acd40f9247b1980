"""Locate: on which line of a landed file a record begins. Asked only for the rows that somebody looks at."""

from __future__ import annotations

from auyl import contracts, formats, ledger
from auyl.intake.corrections import with_references
from auyl.intake.land import files_of
from auyl.settings import Settings
from auyl.store.lake import Lake
from auyl.store.spill import spill_folder


def locate(
    settings: Settings, registry: str, batches: list[int], rows: list[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """Line on which each (file, record) begins in the landed files of these batches."""
    contract = contracts.load(registry, settings.include)
    lake = Lake(settings.lake)
    wanted: dict[str, set[int]] = {}
    for name, record in rows:
        wanted.setdefault(name, set()).add(record)
    found: dict[tuple[str, int], int] = {}
    with spill_folder(settings) as work:
        for delivery_id, prefix in _deliveries(settings, batches):
            read_as = with_references(contract) if prefix else contract
            landed = files_of(lake, ledger.delivery(settings, delivery_id), work)
            for path in formats.opened(read_as, landed, work):
                for name, records in wanted.items():
                    # A workbook's rows carry the sheet after a «#».
                    if name == prefix + path.name or name.startswith(prefix + path.name + "#"):
                        found |= {(name, r): line for r, line in formats.locate(read_as, path, records).items()}
    return found


def _deliveries(settings: Settings, batches: list[int]) -> list[tuple[int, str]]:
    """Deliveries whose files the rows of these batches came from, and what stands before a file's name in them."""
    found: dict[int, str] = {}
    for batch_id in batches:
        *corrections, extract = ledger.correction_chain(settings, ledger.batch(settings, batch_id).delivery_id)
        found |= {extract: ""} | {number: f"correction {number}/" for number in corrections}
    return list(found.items())
