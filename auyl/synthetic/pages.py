"""Pages of a REST answer in JSON, saved as the server gives them; an empty registry has one empty page."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from auyl.synthetic.engine import Month
from auyl.synthetic.writing import Written, lines


def file_name(page: int) -> str:
    """Name of the file of a page, counted from 1."""
    return f"page-{page:05d}.json"


def write_pages(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    month: Month,
    table: str,
    labels: Mapping[str, str],
    size: int,
    null_when_empty: Collection[str] = (),
) -> list[Written]:
    """Write `table` in the order of its rows, `size` items a page, the keys of an item by column in `labels`."""
    total = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    pages = max(1, -(-total // size))
    values = {c: f"nullif({c}, '')" if c in null_when_empty else c for c in labels}
    item = "json_object(" + ", ".join(f"'{label}', {values[column]}" for column, label in labels.items()) + ")"
    query = f"""
        select string_agg(item::varchar, ',' order by n) || chr(10) as line
        from (select {item} as item, rowid as n from {table})
        group by n // {size}
        order by n // {size}
    """
    bodies = [line for data, _ in lines(con, query) for line in bytes(data).decode().splitlines()] if total else [""]
    written = []
    for page, body in enumerate(bodies, start=1):
        head = f'{{"asOf":"{month.as_of}","period":"{month.period}","page":{page},"pages":{pages},"total":{total},'
        text = (f'{head}"items":[{body}]}}\n').encode()
        path = folder / file_name(page)
        path.write_bytes(text)
        rows = min(size, total - (page - 1) * size)
        written.append(Written(path.name, rows, len(text), hashlib.sha256(text).hexdigest()))
    return written


def where(size: int) -> tuple[str, str]:
    """The two expressions of `Registry.where` for pages of `size` items."""
    return f"'page-' || pad(n // {size} + 1, 5) || '.json'", f"n % {size} + 1"
