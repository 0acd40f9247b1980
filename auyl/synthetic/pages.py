"""Pages of JSON: an envelope with period, page and total about a list of objects, one file a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import duckdb

from auyl.synthetic.engine import Month
from auyl.synthetic.writing import Written, lines


def write_pages(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    month: Month,
    table: str,
    labels: Mapping[str, str],
    page_rows: int,
    file_name: Callable[[int], str],
    null_when_empty: Collection[str] = (),
    numbers: Collection[str] = (),
) -> list[Written]:
    """Write `table` in pages of `page_rows`, named by their number from 1; an empty table has one empty page.

    Columns of `numbers` stand as numbers where their text reads as one.
    """
    total = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    pages = max(1, -(-total // page_rows))
    values = {c: f"nullif({c}, '')" if c in null_when_empty else c for c in labels}
    values |= {
        c: f"case when regexp_full_match({c}, '-?[0-9]+([.][0-9]+)?') then {c}::json else to_json({c}) end"
        for c in numbers
    }
    item = "json_object(" + ", ".join(f"'{label}', {values[column]}" for column, label in labels.items()) + ")"
    query = f"""
        select string_agg(item::varchar, ',' order by n) || chr(10) as line
        from (select {item} as item, rowid as n from {table})
        group by n // {page_rows}
        order by n // {page_rows}
    """
    bodies = [line for data, _ in lines(con, query) for line in bytes(data).decode().splitlines()] if total else [""]
    written = []
    for page, body in enumerate(bodies, start=1):
        head = f'{{"asOf":"{month.as_of}","period":"{month.period}","page":{page},"pages":{pages},"total":{total},'
        text = (f'{head}"items":[{body}]}}\n').encode()
        path = folder / file_name(page)
        path.write_bytes(text)
        rows = min(page_rows, total - (page - 1) * page_rows)
        written.append(Written(path.name, rows, len(text), hashlib.sha256(text).hexdigest()))
    return written
