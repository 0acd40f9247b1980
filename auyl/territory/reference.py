"""Reference data of territory: an edition of KATO with its crosswalk and addresses, into the lake."""

from __future__ import annotations

from pathlib import Path

from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.territory import editions as territory
from auyl.territory.adoption import note_first
from auyl.territory.resolver import current_edition, editions


def load_territory(
    settings: Settings, kato: Path, crosswalk: Path | None, addresses: Path | None, edition: str | None
) -> territory.TerritorySummary:
    """Load an edition into `reference/territory/<edition>` of the lake, and make it current only if it is the first.

    Raises ExtractRefused.
    """
    lake = lake_of(settings)
    con = duck.connect(settings, lake)
    former = current_edition(settings, lake) if editions(settings, lake) else None
    try:
        loaded = territory.load(
            kato,
            lake.address(paths.territory_root()),
            con,
            edition=edition,
            crosswalk_file=crosswalk,
            address_file=addresses,
            include=settings.include,
        )
        note_first(settings, loaded.edition, former)
        return loaded
    finally:
        con.close()
