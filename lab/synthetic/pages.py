"""Pages of a REST answer in JSON, saved as the server gives them; an empty registry has one empty page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.writing import Written, lines


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
    numbers: Collection[str] = (),
    name: Callable[[int], str] = file_name,
) -> list[Written]:
    """Write `table` in the order of its rows, `size` items a page, the keys of an item by column in `labels`.

    Columns of `numbers` stand as numbers where their text reads as one. `name` gives the file of a page, from 1.
    """
    total = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    pages = max(1, -(-total // size))
    values = {c: f"nullif({c}, '')" if c in null_when_empty else c for c in labels}
    values |= {
        c: f"case when regexp_full_match({c}, '-?[0-9]+([.][0-9]+)?') then {c}::json else to_json({c}) end"
        for c in numbers
    }
    item = "json_object(" + ", ".join(f"'{label}', {values[column]}" for column, label in labels.items()) + ")"
    query = f"""
        select string_agg(item::varchar, ',' order by n) || chr(10) as line
        from (select {item} as item, rowid as n from {table})
        group by n // {size}
        order by n // {size}
    """
    bodies = [""]
    if total:
        bodies = [line for batch in lines(con, query) for line in bytes(batch.bytes()).decode().splitlines()]
    written = []
    for page, body in enumerate(bodies, start=1):
        head = f'{{"asOf":"{month.as_of}","period":"{month.period}","page":{page},"pages":{pages},"total":{total},'
        text = (f'{head}"items":[{body}]}}\n').encode()
        path = folder / name(page)
        path.write_bytes(text)
        rows = min(size, total - (page - 1) * size)
        written.append(Written(path.name, rows, len(text), hashlib.sha256(text).hexdigest()))
    return written


def where(size: int) -> tuple[str, str]:
    """The two expressions of `Registry.where` for pages of `size` items."""
    return f"'page-' || pad(n // {size} + 1, 5) || '.json'", f"n % {size} + 1"
