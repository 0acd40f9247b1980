"""Rotation of the hash key: every person key that is stored becomes that of another key, and nothing else changes.

    1. all keys that lake and database hold get their new ones: of the numbers of identity and raw and the person
       details of linkage, hashed under both keys
    2. every file that may hold a key is written anew below `rotation/`; what stands is not touched
    3. one transaction puts the new keys into the database and the new current key
    4. the new files take the places of the old ones, under the same paths

Killed before 3 the old state stands, and nothing has happened; killed after it, keyed work is refused until the same
rotation, run again, has done 4 to the end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from auyl import contracts
from auyl.errors import AuylError
from auyl.identifiers import key_fingerprint, keyed_hash
from auyl.settings import Settings
from auyl.stage import scan as check
from auyl.store import duck, paths
from auyl.store.duck import identifier, literal
from auyl.store.hash_key import HashKey, check_hash_key, current_hash_key, set_person_key
from auyl.store.lake import Lake
from auyl.store.locks import exclusive
from auyl.store.postgres import engine

if TYPE_CHECKING:
    import duckdb

SCHEMAS = ("ledger", "serving", "vault", "access")
# Types of columns in whose texts a key may stand.
TEXTS = ("text", "character varying", "json", "jsonb", "text[]", "uuid[]")
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. `status` is rotated, ended (one that was cut short) or unchanged (the key is current).

    `keys` were re-made; `orphans` of them had no known number and were replaced by a hash of the old key.
    """

    status: str
    fingerprint: str
    keys: int = 0
    orphans: int = 0
    files: int = 0


@dataclass(frozen=True)
class Status:
    """The key of this process and the current key, both as fingerprints, and whether the vault agrees with the first.

    `persons` of the vault were asked, `own` of them were made with the key of this process.
    """

    fingerprint: str
    current: HashKey | None
    persons: int
    own: int

    @property
    def holds(self) -> bool:
        """May this process work on what is stored?"""
        known = self.current
        agrees = known is None or (known.fingerprint == self.fingerprint and known.settled_at is not None)
        return agrees and self.own == self.persons


def status(settings: Settings, persons: int = 1000) -> Status:
    """Ask the ledger and some persons of the vault. Raises SettingMissing."""
    with engine(settings.dsn).connect() as con:
        rows = con.execute(text("select iin, person_key::text from vault.person limit :n"), {"n": persons}).all()
    own = sum(keyed_hash(iin, settings.hash_key) == key.replace("-", "") for iin, key in rows)
    return Status(key_fingerprint(settings.hash_key), current_hash_key(settings), len(rows), own)


def rotate(
    settings: Settings,
    to: Path,
    reason: str,
    allow_orphans: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Rotation:
    """Make all that is stored that of the key in the file `to`; `settings` hold the current one.

    Waits until nothing keyed runs. Run again after it was killed, it ends what it began; `say` is told each step.
    Raises HashKeyRefused, SettingMissing, and AuylError where keys of persons or of current decisions have no known
    number, unless `allow_orphans`.
    """
    target = replace(settings, hash_key_file=to)
    wanted = key_fingerprint(target.hash_key)
    lake = Lake(settings.lake)
    say("waiting for what runs")
    with exclusive(settings) as connection:
        say("alone")
        known = current_hash_key(settings)
        ended = known is not None and known.settled_at is None
        if known is not None and ended:
            _settle(settings, lake, known.key_no, say)
        if known is not None and known.fingerprint == wanted:
            return Rotation("ended" if ended else "unchanged", wanted)
        known = check_hash_key(settings)
        files = _files(lake)
        lake.remove(paths.ROTATION.name)
        with _spill(settings) as spill, duck.connect(settings, lake) as con:
            set_person_key(con, settings, "old_key")
            set_person_key(con, target, "new_key")
            _collect(con, lake, connection, files, spill)
            _map(con, settings, lake, say)
            keys, orphans = _judge(con, connection, allow_orphans)
            for folder in sorted({file.rpartition("/")[0] for file in files}):
                lake.prepare(paths.rotated(folder))
            for file in files:
                _rewrite(con, lake, file)
                say(f"wrote {file}")
            if lake.files(paths.ROTATION.name) != sorted(map(paths.rotated, files)):
                raise RuntimeError("rotation: not every file was written anew")
            con.execute(f"copy key_map to {literal(str(spill / 'map.csv'))} (format csv, header false)")
            if lake.is_local:
                os.sync()  # the files before the row that rests on them
            _commit(connection, spill / "map.csv", known.key_no + 1, wanted, reason, say)
        say("committed")
        _settle(settings, lake, known.key_no + 1, say)
    return Rotation("rotated", wanted, keys, orphans, len(files))


@contextmanager
def _spill(settings: Settings) -> Iterator[Path]:
    """A folder for keys on their way, emptied of what a killed run left."""
    folder = settings.home / "spill" / "rotation"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _files(lake: Lake) -> list[str]:
    """Files that hold keys. Raises AuylError for a room or a file of which nobody said whether it does."""
    found: list[str] = []
    unknown = set(lake.zones()) - {zone.name for zone in paths.ZONES}
    if unknown:
        raise AuylError(f"rotation: expected the zones of auyl.store.paths in the lake; found {sorted(unknown)}")
    for zone in paths.ZONES:
        if zone.is_keyed:
            found += [file for file in lake.files(zone.name) if not paths.is_obsolete(file)]
    for file in found:
        if not file.endswith(".parquet"):
            raise AuylError(f"rotation: {file} is no Parquet; it would keep the keys that it may hold")
    return found


def _columns(con: duckdb.DuckDBPyConnection, lake: Lake, file: str) -> dict[str, str]:
    found = con.execute(f"describe select * from read_parquet({literal(lake.address(file))})").fetchall()
    return {row[0]: row[1] for row in found}


def _collect(con: duckdb.DuckDBPyConnection, lake: Lake, connection: Connection, files: list[str], spill: Path) -> None:
    """Create `key` (old, is_person): every key that is stored; those of stage and vault are of persons."""
    con.execute("create temp table key (old uuid, is_person boolean)")
    for file in files:
        columns = [identifier(name) for name, kind in _columns(con, lake, file).items() if kind == "UUID"]
        if columns:
            is_person = paths.zone_of(file).has_persons and not paths.is_person_details(file)
            _add(con, f"select unnest([{', '.join(columns)}]) as old from read_parquet({literal(lake.address(file))})",
                 is_person)  # fmt: skip
    with connection.begin():
        for table, columns in _of_type(connection, "uuid").items():
            csv = spill / "keys.csv"
            asked = f"copy (select unnest(array[{', '.join(columns)}]) from {table}) to stdout (format csv)"
            with csv.open("wb") as stream:
                _cursor(connection).copy_expert(asked, stream)
            if csv.stat().st_size:
                read = f"read_csv({literal(str(csv))}, header = false, columns = {{'old': 'uuid'}})"
                _add(con, f"select old from {read}", table == "vault.person")


def _add(con: duckdb.DuckDBPyConnection, query: str, is_person: bool) -> None:
    con.execute(
        f"insert into key select distinct old, {is_person} from ({query}) anti join key using (old) "
        "where old is not null"
    )


def _cursor(connection: Connection) -> Any:
    """The driver's own cursor, in the transaction of `connection`."""
    return connection.connection.cursor()


def _of_type(connection: Connection, *types: str) -> dict[str, list[str]]:
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


def _map(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, say: Callable[[str], None]) -> None:
    """Create `key_map` (old, new) of all keys whose number or saying is known."""
    con.execute("create temp table key_map (old uuid, new uuid)")
    for file in lake.files(paths.IDENTITY.name):
        columns = _columns(con, lake, file)
        source = "details" if paths.is_person_details(file) else "iin" if "iin" in columns else None
        if source:
            _learn(con, f"select {source} as said from read_parquet({literal(lake.address(file))})")
    say("identity read")
    for registry, period, path in _raw(settings):
        if not _unknown(con):
            break
        parts = [lake.address(part) for part in lake.files(path)]
        numbers = _numbers(con, settings, registry, period, parts) if parts else None
        if numbers:
            _learn(con, numbers)
    say("raw read")


def _learn(con: duckdb.DuckDBPyConnection, query: str) -> None:
    con.execute(
        "insert into key_map select old, new_key(said) from ("
        f"select said, old_key(said) as old from (select distinct said from ({query}) where said is not null)"
        ") semi join key using (old) anti join key_map using (old)"
    )


def _unknown(con: duckdb.DuckDBPyConnection) -> int:
    ((count,),) = con.execute("select count(*) from key anti join key_map using (old)").fetchall()
    return int(count)


def _raw(settings: Settings) -> list[tuple[str, str, str]]:
    """Registry, period and raw of every accepted batch, the newest first: its numbers are those of most keys."""
    with engine(settings.dsn).connect() as con:
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
    """SQL of the numbers that stage hashes, column `said`; None for a registry of nobody, or without a contract now."""
    if registry not in contracts.names(settings.include):
        return None
    contract = contracts.load(registry, settings.include)
    stage_sql = duck.sql(settings.include / "sql" / "stage" / f"{contract.stage}.sql")
    if "person_key(" not in stage_sql:
        return None
    # Extracts of former contracts may lack columns that came later.
    named = ", ".join(f"null::varchar as {identifier(column.name)}" for column in contract.columns)
    con.execute(
        f"create or replace temp view whole as select {named} where false union all by name "
        f"select * from read_parquet([{', '.join(map(literal, parts))}], union_by_name = true)"
    )
    set_person_key(con, settings)
    check.define_views_over(con, contract, "whole", period, stage_sql)
    keys = [row[0] for row in con.execute("describe candidate").fetchall() if row[1] == "UUID"]
    # Now stage SQL gives the number itself wherever it gave its hash.
    con.execute("create or replace temp macro person_key(t) as t")
    return f"select unnest([{', '.join(map(identifier, keys))}]) as said from candidate"


def _judge(con: duckdb.DuckDBPyConnection, connection: Connection, allow_orphans: bool) -> tuple[int, int]:
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
            "of current decisions have none. Take their extracts in anew and link them, or allow orphans: they keep "
            "together, but no later extract will join with them. Nothing was changed"
        )
    orphans = _unknown(con)
    con.execute("insert into key_map select old, new_key(old::varchar) from key anti join key_map using (old)")
    ((keys,),) = con.execute("select count(*) from key_map").fetchall()
    return int(keys), orphans


def _rewrite(con: duckdb.DuckDBPyConnection, lake: Lake, file: str) -> None:
    """Write `file` with its new keys to the same path below `rotation/`: rows, types and layout stay."""
    source = f"read_parquet({literal(lake.address(file))}, file_row_number = true)"
    columns = _columns(con, lake, file)
    said = _with_uuids(con, source, [name for name, kind in columns.items() if kind != "UUID"])
    parts: list[str] = []
    joins: list[str] = []
    for name, kind in columns.items():
        column, m = f"f.{identifier(name)}", f"m{len(joins)}"
        if kind == "UUID":
            joins.append(f"left join key_map as {m} on {column} = {m}.old")
            parts.append(f"{m}.new as {identifier(name)}")
        elif name in said and kind == "VARCHAR":
            joins.append(f"left join key_map as {m} on try_cast({column} as uuid) = {m}.old")
            parts.append(f"coalesce({m}.new::varchar, {column}) as {identifier(name)}")
        elif name in said and kind.startswith("STRUCT(") and kind.endswith("[]"):
            joins.append(f"left join ({_claims(source, name)}) as {m} on f.file_row_number = {m}.row_no")
            parts.append(f"coalesce({m}.claims, {column}) as {identifier(name)}")
        else:
            parts.append(column)
    order = paths.zone_of(file).order or "f.file_row_number"
    con.execute(
        f"copy (select {', '.join(parts)} from {source} as f {' '.join(joins)} order by {order}) "
        f"to {literal(lake.address(paths.rotated(file)))} (format parquet, {_layout(con, lake, file)})"
    )
    _prove(con, lake, file, said)


def _with_uuids(con: duckdb.DuckDBPyConnection, source: str, columns: list[str]) -> list[str]:
    """Those of `columns` in whose texts a uuid stands."""
    if not columns:
        return []
    asked = ", ".join(
        f"coalesce(bool_or(regexp_matches({identifier(name)}::varchar, {literal(UUID)})), false)" for name in columns
    )
    (found,) = con.execute(f"select {asked} from {source}").fetchall()
    return [name for name, holds in zip(columns, found, strict=True) if holds]


def _claims(source: str, name: str) -> str:
    """SQL of a column of claims (lists of structs with a `value`) with new keys: row_no in the file, claims."""
    column = identifier(name)
    return (
        "select row_no, "
        "list(struct_update(claim, value := coalesce(m.new::varchar, claim.value)) order by n) as claims "
        f"from (select file_row_number as row_no, unnest({column}) as claim, generate_subscripts({column}, 1) as n "
        f"from {source}) left join key_map as m on try_cast(claim.value as uuid) = m.old group by row_no"
    )


def _layout(con: duckdb.DuckDBPyConnection, lake: Lake, file: str) -> str:
    """Compression and row groups of `file`, as options of COPY."""
    ((compression, rows),) = con.execute(
        "select lower(any_value(compression)), max(row_group_num_rows) "
        f"from parquet_metadata({literal(lake.address(file))})"
    ).fetchall()
    return f"compression {compression or 'snappy'}, row_group_size {61_440 if (rows or 0) <= 61_440 else 122_880}"


def _prove(con: duckdb.DuckDBPyConnection, lake: Lake, file: str, said: list[str]) -> None:
    """Raise RuntimeError when the new file has other rows, or an old key in a column where texts are uuids."""
    old, new = (f"read_parquet({literal(lake.address(path))})" for path in (file, paths.rotated(file)))
    ((before, after),) = con.execute(f"select (select count(*) from {old}), (select count(*) from {new})").fetchall()
    if before != after:
        raise RuntimeError(f"rotation: {file} has {before} rows, its new keys {after}")
    for name in said:
        left = con.execute(
            f"select 1 from (select unnest(regexp_extract_all({identifier(name)}::varchar, {literal(UUID)})) as k "
            f"from {new}) where k::uuid in (select old from key_map) limit 1"
        ).fetchall()
        if left:
            raise RuntimeError(
                f"rotation: {file}, column {name}, would keep old keys; auyl.keys.rotation must learn it"
            )


REKEYED = f"""
create function pg_temp.rekeyed(said text) returns text language plpgsql as $body$
declare
    met record;
begin
    for met in
        select distinct m.old::text as old, m.new::text as new
        from regexp_matches(said, '{UUID}', 'g') as r (k) inner join key_map as m on m.old = r.k[1]::uuid
    loop
        said := replace(said, met.old, met.new);
    end loop;
    return said;
end
$body$
"""


def _commit(
    connection: Connection, csv: Path, key_no: int, fingerprint: str, reason: str, say: Callable[[str], None]
) -> None:
    """New keys into every table, and the new current key, in one transaction."""
    with connection.begin():
        cursor = _cursor(connection)
        cursor.execute("create temp table key_map (old uuid primary key, new uuid not null) on commit drop")
        with csv.open("rb") as stream:
            cursor.copy_expert("copy key_map from stdin (format csv)", stream)
        cursor.execute("analyze key_map")
        cursor.execute(REKEYED)
        changed: set[str] = set()
        for table, columns in _of_type(connection, "uuid").items():
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
            for table, columns in _of_type(connection, kind).items():
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


def _settle(settings: Settings, lake: Lake, key_no: int, say: Callable[[str], None]) -> None:
    """Put the new files in the places of the old ones and write that down. May be done again."""
    for file in lake.files(paths.LINKAGE.name):
        if paths.is_obsolete(file):
            lake.filesystem.rm_file(lake.address(file))
    for file in lake.files(paths.ROTATION.name):
        lake.replace(file, paths.rotated_from(file))
        say(f"moved {paths.rotated_from(file)}")
    lake.remove(paths.ROTATION.name)
    with engine(settings.dsn).connect().execution_options(isolation_level="AUTOCOMMIT") as con:
        changed = con.execute(text("select changed from ledger.hash_key where key_no = :n"), {"n": key_no}).scalar_one()
        for table in changed:
            # An updated row keeps its former self in the table's file, and statistics keep samples.
            con.exec_driver_sql(f"vacuum (full, analyze) {table}")
        con.execute(text("insert into ledger.hash_key_settled (key_no) values (:n)"), {"n": key_no})
    say("settled")
