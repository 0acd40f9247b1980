"""The rural okrugs of the oblast that an installation serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auyl.settings import Settings
from auyl.store import paths
from auyl.store.duck import literal
from auyl.store.lake import Lake
from auyl.territory.resolver import current_edition

if TYPE_CHECKING:
    import duckdb


def rural_okrugs(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake) -> list[dict[str, Any]]:
    """Rows kato, name_ru, name_kk, district, by district and name, of the current edition. Raises TerritoryMissing."""
    file = lake.address(paths.territory_file(current_edition(settings, lake), "kato"))
    rows = con.execute(
        f"with place as (select * from read_parquet({literal(file)})) "
        "select okrug.kato, okrug.name_ru, okrug.name_kk, district.name_ru as district from place as okrug "
        "left join place as district on okrug.district_kato = district.kato "
        "where okrug.is_rural_akimat and okrug.oblast_kato = ? order by district.name_ru, okrug.name_ru, okrug.kato",
        [settings.oblast_kato],
    )
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
