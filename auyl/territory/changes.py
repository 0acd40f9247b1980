"""What became of territorial codes: renamed, recoded, merged, split, abolished; and the current code of a former one.

The table is made from the current batch of the registry `territory` and the district dictionary of ГБД ФЛ; the lake
has it as `reference/changes/<edition>/change.parquet` (columns and rules: `include/sql/territory/change.sql`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from auyl import contracts
from auyl.errors import TerritoryMissing
from auyl.settings import Settings
from auyl.stage.current import stage_view
from auyl.stage.inputs import current_batches
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.territory.resolver import changes_path, current_edition, editions, open_territory

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class CurrentCode:
    """A former code as the current edition has it; `today_kato` is None where `reason` says why not."""

    kato: str
    today_kato: str | None
    kind: str | None
    reason: str | None


def make_changes(con: duckdb.DuckDBPyConnection, settings: Settings, staged: str, edition: str) -> None:
    """Create the table `change` from the relation `staged` and the views `territory` and `crosswalk` on `con`."""
    text = duck.sql(settings.include / "sql" / "territory" / "change.sql")
    bound = duck.bind(text, staged=staged, kato="territory", crosswalk="crosswalk", edition_name=literal(edition))
    con.execute(f"create or replace temp table change as {bound}")


def write_changes(settings: Settings, period: str, edition: str | None = None) -> dict[str, int]:
    """Write the table for an edition, the current one by default, from the registry as of `period`.

    Returns codes by kind. An older extract of the registry serves where its contract lets it be carried forward;
    without any, the dictionary of ГБД ФЛ alone is used. Raises TerritoryMissing where no edition is loaded.
    """
    lake = lake_of(settings)
    con = duck.connect(settings, lake)
    try:
        edition = edition or current_edition(settings, lake)
        if edition not in editions(settings, lake):
            raise TerritoryMissing(f"edition {edition} is not loaded: auyl territory load FILE")
        open_territory(con, settings, lake, edition)
        contract = contracts.load("territory", settings.include)
        batches, _ = current_batches(settings, ["territory"], period)
        make_changes(con, settings, stage_view(con, settings, lake, contract, batches.get("territory", [])), edition)
        # A killed run leaves no half of it where the resolver looks.
        partial = paths.changes_folder(f"{edition}.partial")
        lake.prepare(partial)
        file = lake.address(paths.changes_file(f"{edition}.partial"))
        duck.write_parquet(con, "from change", file, duck.COMPACT)
        lake.move(partial, paths.changes_folder(edition))
        return dict(con.execute("select kind, count(*) from change group by kind order by kind").fetchall())
    finally:
        con.close()


def current_codes(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    codes: list[tuple[str, str | None, date | None]],
    edition: str,
) -> list[CurrentCode]:
    """Codes (KATO, edition or None, day of the extract or None) by the tables `change` and `territory` on `con`.

    For many codes use `include/sql/territory/current_code.sql` over a relation of them.
    """
    con.execute("create or replace temp table former_code (_key integer, kato varchar, edition varchar, as_of date)")
    con.executemany("insert into former_code values (?, ?, ?, ?)", [[n, *code] for n, code in enumerate(codes)])
    text = duck.sql(settings.include / "sql" / "territory" / "current_code.sql")
    bound = duck.bind(text, codes="former_code", change="change", kato="territory", edition_name=literal(edition))
    rows = con.execute(f"select today_kato, kind, reason from ({bound}) order by _key").fetchall()
    return [CurrentCode(code[0], *row) for code, row in zip(codes, rows, strict=True)]


def current_code(settings: Settings, kato: str, edition: str | None, as_of: date | None) -> CurrentCode:
    """One code by the table that `write_changes` left in the lake. Raises TerritoryMissing where it is absent."""
    lake = lake_of(settings)
    current = current_edition(settings, lake)
    path = changes_path(lake, current)
    if path is None:
        raise TerritoryMissing(f"no changes to edition {current} are written: auyl territory changes")
    con = duck.connect(settings, lake)
    try:
        open_territory(con, settings, lake, current)
        con.execute(f"create temp view change as select * from read_parquet({literal(lake.address(path))})")
        return current_codes(con, settings, [(kato, edition, as_of)], current)[0]
    finally:
        con.close()
