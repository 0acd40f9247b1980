"""Locate: on which line of a landed file a record begins. Asked only for the rows that somebody looks at."""

from __future__ import annotations

from collections.abc import Collection

from auyl import contracts, formats, ledger
from auyl.intake.corrections import with_references
from auyl.intake.land import files_of
from auyl.settings import Settings
from auyl.store.binding import lake_of
from auyl.store.spill import spill_folder


def locate(
    settings: Settings, registry: str, batches: list[int], rows: list[tuple[str, int]], refused: Collection[int] = ()
) -> dict[tuple[str, int], int]:
    """Line on which each (file, record) begins in the landed files of these batches, and of `refused` deliveries."""
    contract = contracts.load(registry, settings.include)
    lake = lake_of(settings)
    wanted: dict[str, set[int]] = {}
    for name, record in rows:
        wanted.setdefault(name, set()).add(record)
    found: dict[tuple[str, int], int] = {}
    with spill_folder(settings) as work:
        for delivery_id, prefix in _deliveries(settings, batches, refused):
            read_as = with_references(contract) if prefix else contract
            landed = files_of(lake, ledger.delivery(settings, delivery_id), work)
            for path in formats.opened(read_as, landed, work):
                for name, records in wanted.items():
                    # A workbook's rows carry the sheet after a «#».
                    if name == prefix + path.name or name.startswith(prefix + path.name + "#"):
                        found |= {(name, r): line for r, line in formats.locate(read_as, path, records).items()}
    return found


def _deliveries(settings: Settings, batches: list[int], refused: Collection[int]) -> list[tuple[int, str]]:
    """Deliveries whose files these rows came from, and what stands before a file's name in them."""
    found: dict[int, str] = {}
    for delivery_id in [*(ledger.batch(settings, batch_id).delivery_id for batch_id in batches), *refused]:
        *corrections, extract = ledger.correction_chain(settings, delivery_id)
        found |= {extract: ""} | {number: f"correction {number}/" for number in corrections}
    return list(found.items())
