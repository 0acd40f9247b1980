"""What holds keys: files of the lake and columns of the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from auyl.errors import AuylError
from auyl.store import paths
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake
from auyl.store.postgres import driver_cursor
from auyl.store.schema import SCHEMAS

if TYPE_CHECKING:
    import duckdb

# Types of columns in whose texts a key may stand.
TEXTS = ("text", "character varying", "json", "jsonb", "text[]", "uuid[]")
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def keyed_files(lake: Lake) -> list[str]:
    """Files that hold keys. Raises AuylError for an unknown zone, and for a file among them that is no Parquet."""
    files: list[str] = []
    unknown = set(lake.zones()) - {zone.name for zone in paths.ZONES} - {paths.MARK}
    if unknown:
        raise AuylError(f"rotation: expected the zones of auyl.store.paths in the lake; found {sorted(unknown)}")
    for zone in paths.ZONES:
        if zone.is_keyed:
            files += [file for file in lake.files(zone.name) if not paths.is_obsolete(file)]
    for file in files:
        if not file.endswith(".parquet"):
            raise AuylError(f"rotation: {file} is no Parquet; it would keep the keys that it may hold")
    return files


def columns_of(con: duckdb.DuckDBPyConnection, lake: Lake, file: str) -> dict[str, str]:
    """Types by column of a Parquet file."""
    columns = con.execute(f"describe select * from read_parquet({literal(lake.address(file))})").fetchall()
    return {row[0]: row[1] for row in columns}


def columns_by_table(connection: Connection, *types: str) -> dict[str, list[str]]:
    """Columns of these types by table, of all tables that the project has."""
    rows = connection.execute(
        text(
            "select format('%I.%I', n.nspname, c.relname) as name, array_agg(quote_ident(a.attname) order by a.attnum) "
            "from pg_attribute as a inner join pg_class as c on a.attrelid = c.oid "
            "inner join pg_namespace as n on c.relnamespace = n.oid "
            "where n.nspname = any(:schemas) and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped "
            "and format_type(a.atttypid, null) = any(:types) group by 1 order by 1"
        ),
        {"schemas": list(SCHEMAS), "types": list(types)},
    ).all()
    return {row[0]: list(row[1]) for row in rows}


def collect_keys(
    con: duckdb.DuckDBPyConnection, lake: Lake, connection: Connection, files: list[str], spill: Path
) -> None:
    """Create `key` (old, is_person): every key that is stored; those of stage and vault are of persons."""
    con.execute("create temp table key (old uuid, is_person boolean)")
    for file in files:
        columns = [identifier(name) for name, kind in columns_of(con, lake, file).items() if kind == "UUID"]
        if columns:
            is_person = paths.zone_of(file).has_persons and not (
                paths.is_person_details(file) or paths.is_of_rows(file)
            )
            _add(con, f"select unnest([{', '.join(columns)}]) as old from read_parquet({literal(lake.address(file))})",
                 is_person)  # fmt: skip
    with connection.begin():
        for table, columns in columns_by_table(connection, "uuid").items():
            csv = spill / "keys.csv"
            query = f"copy (select unnest(array[{', '.join(columns)}]) from {table}) to stdout (format csv)"
            with csv.open("wb") as stream:
                driver_cursor(connection).copy_expert(query, stream)
            if csv.stat().st_size:
                read = f"read_csv({literal(str(csv))}, header = false, columns = {{'old': 'uuid'}})"
                _add(con, f"select old from {read}", table == "vault.person")


def _add(con: duckdb.DuckDBPyConnection, query: str, is_person: bool) -> None:
    con.execute(
        f"insert into key select distinct old, {is_person} from ({query}) anti join key using (old) "
        "where old is not null"
    )
