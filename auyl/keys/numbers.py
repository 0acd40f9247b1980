"""The new key of every stored key: of the numbers in identity and raw, and of the details that linkage hashed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from auyl import contracts
from auyl.errors import AuylError
from auyl.keys.stored import columns_of
from auyl.settings import Settings
from auyl.stage import scan
from auyl.store import paths
from auyl.store.duck import identifier, literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.store.postgres import transaction

if TYPE_CHECKING:
    import duckdb


def map_keys(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, say: Callable[[str], None]) -> None:
    """Create `key_map` (old, new) of all keys whose number or details are known."""
    con.execute("create temp table key_map (old uuid, new uuid)")
    for file in lake.files(paths.IDENTITY.name):
        columns = columns_of(con, lake, file)
        column = "details" if paths.is_person_details(file) else "iin" if "iin" in columns else None
        if column:
            _learn(con, f"select {column} as source from read_parquet({literal(lake.address(file))})")
    say("identity read")
    for registry, period, path in _raw_folders(settings):
        if not _unknown(con):
            break
        parts = [lake.address(part) for part in lake.files(path)]
        numbers = _numbers(con, settings, registry, period, parts) if parts else None
        if numbers:
            _learn(con, numbers)
    say("raw read")


def _learn(con: duckdb.DuckDBPyConnection, query: str) -> None:
    con.execute(
        "insert into key_map select old, new_key(source) from ("
        f"select source, old_key(source) as old from (select distinct source from ({query}) where source is not null)"
        ") semi join key using (old) anti join key_map using (old)"
    )


def _unknown(con: duckdb.DuckDBPyConnection) -> int:
    ((count,),) = con.execute("select count(*) from key anti join key_map using (old)").fetchall()
    return int(count)


def _raw_folders(settings: Settings) -> list[tuple[str, str, str]]:
    """Registry, period and raw of every accepted batch, the newest first: its numbers are those of most keys."""
    with transaction(settings) as con:
        rows = con.execute(
            text(
                "select registry, period, raw_path from ledger.batch_ranked group by 1, 2, 3 "
                "order by max(batch_id) desc"
            )
        )
        return [(row[0], row[1], row[2]) for row in rows]


def _numbers(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: str, period: str, parts: list[str]
) -> str | None:
    """SQL of the numbers that stage hashes, column `source`; None for a registry without persons or contract."""
    if registry not in contracts.names(settings.include):
        return None
    contract = contracts.load(registry, settings.include)
    if "person_key(" not in scan.stage_sql(settings.include, contract):
        return None
    # Extracts under earlier contracts may lack later columns.
    named = ", ".join(f"null::varchar as {identifier(column.name)}" for column in contract.columns)
    con.execute(
        f"create or replace temp view whole as select {named} where false union all by name "
        f"select * from read_parquet([{', '.join(map(literal, parts))}], union_by_name = true)"
    )
    set_person_key(con, settings)
    scan.define_views_over(con, settings.include, contract, "whole", period)
    keys = [row[0] for row in con.execute("describe candidate").fetchall() if row[1] == "UUID"]
    # Now stage SQL returns the number itself wherever it returned its hash.
    con.execute("create or replace temp macro person_key(t) as t")
    return f"select unnest([{', '.join(map(identifier, keys))}]) as source from candidate"


def map_orphans(con: duckdb.DuckDBPyConnection, connection: Connection, allow_orphans: bool) -> tuple[int, int]:
    """Give keys without a known number the hash of the old key; count all, and those. Raises AuylError."""
    with connection.begin():
        decided = connection.execute(
            text("select record_key::text, person_key::text from ledger.current_link_decision")
        ).all()
    con.execute("create temp table decided (old uuid)")
    if decided:
        con.executemany("insert into decided values (?)", [(key,) for pair in decided for key in pair])
    ((persons, decisions),) = con.execute(
        "select count(*) filter (is_person), count(*) filter (old in (from decided)) "
        "from key anti join key_map using (old)"
    ).fetchall()
    if (persons or decisions) and not allow_orphans:
        raise AuylError(
            f"rotation: expected the number of every key in identity or raw; {persons} keys of persons and {decisions} "
            "of current decisions have none. Load their extracts again and link them, or allow orphans: they keep "
            "together, but no later extract will join with them. Nothing was changed"
        )
    orphans = _unknown(con)
    con.execute("insert into key_map select old, new_key(old::varchar) from key anti join key_map using (old)")
    ((keys,),) = con.execute("select count(*) from key_map").fetchall()
    return int(keys), orphans
