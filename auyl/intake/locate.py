"""Locate: on which line of a landed file a record begins. Asked only for the rows that somebody looks at."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sqlalchemy import text

from auyl import contracts, ledger
from auyl.intake import formats
from auyl.intake.land import files_of
from auyl.lake import Lake
from auyl.settings import Settings


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
    with tempfile.TemporaryDirectory(prefix="auyl-") as work:
        for batch_id in batches:
            with ledger.engine(settings.dsn).connect() as con:
                delivery_id = con.execute(
                    text("select delivery_id from ledger.batch where batch_id = :id"), {"id": batch_id}
                ).scalar_one()
            landed = files_of(lake, ledger.delivery(settings, delivery_id), Path(work))
            for path in formats.opened(contract, landed, Path(work)):
                for name, records in wanted.items():
                    # A workbook's rows carry the sheet after a «#».
                    if name == path.name or name.startswith(path.name + "#"):
                        found |= {(name, r): line for r, line in formats.locate(contract, path, records).items()}
    return found
