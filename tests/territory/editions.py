"""Editions of the classifier from a few rows, and the table of changes between two of them."""

from pathlib import Path

import duckdb

from auyl.settings import from_environment
from auyl.store.lake import Lake
from auyl.territory.changes import make_changes

Row = tuple[str | None, ...]


def kato_file(folder: Path, name: str, rows: list[Row]) -> Path:
    """A file of the classifier of rows (code, level, name_ru, name_kk, …)."""
    lines = ["kato,kato_version,level,type_code,name_ru,name_kk"]
    lines += [f"{code},{name},{level},2,{ru},{kk}" for code, level, ru, kk, *_ in rows]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_changes(con: duckdb.DuckDBPyConnection, lake: Lake, edition: str, former: str, rows: list[Row]) -> None:
    """What `write_changes` writes for `edition` of a registry that tells `rows`, with what each became, of `former`."""
    for view, file in (("territory", "kato"), ("crosswalk", "crosswalk")):
        path = lake.address(f"reference/territory/{edition}/{file}.parquet")
        con.execute(f"create or replace temp view {view} as from read_parquet('{path}')")
    con.execute(
        "create or replace temp table staged (kato text, edition text, level text, name_ru text, name_kk text, "
        "became_kato text, changed_on date, act text)"
    )
    if rows:
        staged = [(code, former, level, ru, kk, became) for code, level, ru, kk, became in rows]
        con.executemany("insert into staged values (?, ?, ?, ?, ?, ?, null, null)", staged)
    make_changes(con, from_environment(), "staged", edition)
    folder = lake.prepare(f"reference/changes/{edition}")
    con.execute(f"copy change to '{folder}/change.parquet' (format parquet)")
