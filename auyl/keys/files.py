"""Files with new keys: each is written beside its old one, and proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl.keys.stored import UUID, columns_of
from auyl.store import paths
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb


def rewrite(con: duckdb.DuckDBPyConnection, lake: Lake, file: str) -> None:
    """Write `file` with its new keys to the same path below `rotation/`: rows, types and layout stay."""
    source = f"read_parquet({literal(lake.address(file))}, file_row_number = true)"
    columns = columns_of(con, lake, file)
    texts = _with_uuids(con, source, [name for name, kind in columns.items() if kind != "UUID"])
    parts: list[str] = []
    joins: list[str] = []
    for name, kind in columns.items():
        column, m = f"f.{identifier(name)}", f"m{len(joins)}"
        if kind == "UUID":
            joins.append(f"left join key_map as {m} on {column} = {m}.old")
            parts.append(f"{m}.new as {identifier(name)}")
        elif name in texts and kind == "VARCHAR":
            joins.append(f"left join key_map as {m} on try_cast({column} as uuid) = {m}.old")
            parts.append(f"coalesce({m}.new::varchar, {column}) as {identifier(name)}")
        elif name in texts and kind.startswith("STRUCT(") and kind.endswith("[]"):
            joins.append(f"left join ({_claims(source, name)}) as {m} on f.file_row_number = {m}.row_no")
            parts.append(f"coalesce({m}.claims, {column}) as {identifier(name)}")
        else:
            parts.append(column)
    order = paths.zone_of(file).order or "f.file_row_number"
    con.execute(
        f"copy (select {', '.join(parts)} from {source} as f {' '.join(joins)} order by {order}) "
        f"to {literal(lake.address(paths.rotated(file)))} (format parquet, {_layout(con, lake, file)})"
    )
    _prove(con, lake, file, texts)


def _with_uuids(con: duckdb.DuckDBPyConnection, source: str, columns: list[str]) -> list[str]:
    """Those of `columns` that have a uuid in their texts."""
    if not columns:
        return []
    conditions = ", ".join(
        f"coalesce(bool_or(regexp_matches({identifier(name)}::varchar, {literal(UUID)})), false)" for name in columns
    )
    (flags,) = con.execute(f"select {conditions} from {source}").fetchall()
    return [name for name, holds in zip(columns, flags, strict=True) if holds]


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


def _prove(con: duckdb.DuckDBPyConnection, lake: Lake, file: str, texts: list[str]) -> None:
    """Raise RuntimeError when the new file has other rows, or an old key in a column where texts are uuids."""
    old, new = (f"read_parquet({literal(lake.address(path))})" for path in (file, paths.rotated(file)))
    ((before, after),) = con.execute(f"select (select count(*) from {old}), (select count(*) from {new})").fetchall()
    if before != after:
        raise RuntimeError(f"rotation: {file} has {before} rows, its new keys {after}")
    for name in texts:
        left = con.execute(
            f"select 1 from (select unnest(regexp_extract_all({identifier(name)}::varchar, {literal(UUID)})) as k "
            f"from {new}) where k::uuid in (select old from key_map) limit 1"
        ).fetchall()
        if left:
            raise RuntimeError(f"rotation: {file}, column {name}, would keep old keys; auyl.keys.files must learn it")
