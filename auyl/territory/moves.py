"""Where each place of one edition lies in another: okrugs divided, merged and renamed, settlements that moved.

Rests on the tables of changes that `auyl territory changes` wrote for either edition, and on codes with names where
those say nothing (`include/sql/territory/move.sql`). `changes` gives the current code of single ones, with reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl.errors import TerritoryMissing
from auyl.settings import Settings
from auyl.store import duck, paths
from auyl.store.duck import literal
from auyl.store.lake import Lake
from auyl.territory.editions import edition_name
from auyl.territory.resolver import changes_path, editions

if TYPE_CHECKING:
    import duckdb

DICTIONARY = "ГБД ФЛ"


def make_moves(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, source: str, target: str) -> None:
    """Create the views `source_place` and `target_place` of two editions and `move`, from the one to the other.

    Columns of move: kato, level, okrug_from, oblast_from, settlement_kato, okrug_kato, district_kato, is_known, okrugs,
    settlements. Raises TerritoryMissing where an edition is not loaded.
    """
    known = editions(settings, lake)
    for view, edition in (("source_place", source), ("target_place", target)):
        if edition not in known:
            raise TerritoryMissing(f"edition {edition} is not loaded; there are {', '.join(known)}")
        kato = lake.address(paths.territory_file(edition, "kato"))
        con.execute(f"create or replace temp view {view} as select * from read_parquet({literal(kato)})")
    con.execute(
        "create or replace temp table stated_change (code varchar, successor_kato varchar, is_known boolean, "
        "name_key varchar)"
    )
    _add_changes(con, lake, of=target, former=source, columns="code, successor_kato")
    # What became of the target's codes, read backwards: the period is younger than the boundaries.
    _add_changes(con, lake, of=source, former=target, columns="successor_kato, code")
    text = duck.sql(settings.include / "sql" / "territory" / "move.sql")
    bound = duck.bind(text, source="source_place", target="target_place", stated="stated_change")
    con.execute(f"create or replace temp table move as {bound}")


def _add_changes(con: duckdb.DuckDBPyConnection, lake: Lake, of: str, former: str, columns: str) -> None:
    """Add the changes from the edition `former` to the edition `of`, and those of the dictionary of districts."""
    path = changes_path(lake, of)
    if path is None:
        return
    table = f"read_parquet({literal(lake.address(path))})"
    versions = [row[0] for row in con.execute(f"select distinct edition_from from {table}").fetchall()]
    con.execute(
        f"insert into stated_change select distinct {columns}, list_contains($versions, edition_from), "
        f"place_key(name_ru) from {table} "
        "where list_contains($versions, edition_from) or (edition_from = $dictionary and kind <> 'split')",
        {"versions": [v for v in versions if is_named(v, former)], "dictionary": DICTIONARY},
    )


def is_named(version: str, edition: str) -> bool:
    """Is `edition`, a folder of the lake, the version of the classifier that a registry calls `version`?"""
    name = edition_name(version)
    return edition in (version, name) or edition.startswith(f"{name}_")
