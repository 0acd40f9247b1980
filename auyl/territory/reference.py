"""Reference data of territory: an edition of KATO with its crosswalk and addresses, into the lake."""

from __future__ import annotations

from pathlib import Path

from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.lake import Lake
from auyl.territory import editions as territory


def load_territory(
    settings: Settings, kato: Path, crosswalk: Path | None, addresses: Path | None, edition: str | None
) -> territory.TerritorySummary:
    """Load an edition into `reference/territory/<edition>` of the lake. Raises ExtractRefused."""
    lake = Lake(settings.lake)
    con = duck.connect(settings, lake)
    try:
        return territory.load(
            kato,
            lake.address(paths.territory_root()),
            con,
            edition=edition,
            crosswalk_file=crosswalk,
            address_file=addresses,
            include=settings.include,
        )
    finally:
        con.close()
