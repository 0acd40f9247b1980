"""New keys in the database: every table that holds keys, and the new current key, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from auyl.errors import AuylError
from auyl.keys.stored import TEXTS, UUID, columns_by_table
from auyl.store.copy import copy_csv
from auyl.store.postgres import driver_cursor

REKEYED = f"""
create function pg_temp.rekeyed(content text) returns text language plpgsql as $body$
declare
    met record;
begin
    for met in
        select distinct m.old::text as old, m.new::text as new
        from regexp_matches(content, '{UUID}', 'g') as r (k) inner join key_map as m on m.old = r.k[1]::uuid
    loop
        content := replace(content, met.old, met.new);
    end loop;
    return content;
end
$body$
"""


def commit(
    connection: Connection, csv: Path, key_no: int, fingerprint: str, reason: str, say: Callable[[str], None]
) -> None:
    """New keys into every table, and the new current key, in one transaction."""
    with connection.begin():
        cursor = driver_cursor(connection)
        cursor.execute("create temp table key_map (old uuid primary key, new uuid not null) on commit drop")
        copy_csv(cursor, "key_map", ("old", "new"), csv)
        cursor.execute("analyze key_map")
        cursor.execute(REKEYED)
        changed: set[str] = set()
        for table, columns in columns_by_table(connection, "uuid").items():
            cursor.execute(f"lock table {table} in exclusive mode")
            for column in columns:
                cursor.execute(
                    f"select 1 from {table} left join key_map on {column} = old "
                    f"where old is null and {column} is not null limit 1"
                )
                if cursor.fetchall():
                    raise AuylError(f"rotation: {table} got keys while it ran. Nothing was changed; run it again")
                cursor.execute(f"update {table} set {column} = m.new from key_map as m where {column} = m.old")
                if cursor.rowcount:
                    changed.add(table)
        for kind in TEXTS:
            for table, columns in columns_by_table(connection, kind).items():
                new = ", ".join(f"{column} = pg_temp.rekeyed({column}::text)::{kind}" for column in columns)
                where = " or ".join(f"{column}::text ~ '{UUID}'" for column in columns)
                cursor.execute(f"update {table} set {new} where {where}")
                if cursor.rowcount:
                    changed.add(table)
        cursor.execute(
            "insert into ledger.hash_key (key_no, fingerprint, reason, changed) values (%s, %s, %s, %s)",
            (key_no, fingerprint, reason, sorted(changed)),
        )
        say(f"changed {', '.join(sorted(changed))}")
