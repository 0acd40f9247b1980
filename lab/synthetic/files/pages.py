"""Pages of a JSON answer, saved as the server sends them; a registry without rows has one empty page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Written, lines

if TYPE_CHECKING:
    from lab.synthetic.registry import Registry


@dataclass(frozen=True)
class Pages:
    """Pages of `size` items. Labels of the registry are the keys of an item.

    Empty texts of `null_when_empty` become null, texts of `numbers` numbers where they read as one. Files are named
    `prefix` (which may name {registry} and {period}) and the number of the page, from 1, in `digits` digits.
    """

    size: int
    null_when_empty: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    prefix: str = "page-"
    digits: int = 5

    def file_name(self, registry: str, period: str, page: int) -> str:
        """Name of the file of a page, counted from 1."""
        return f"{self._prefix(registry, period)}{page:0{self.digits}d}.json"

    def _prefix(self, registry: str, period: str) -> str:
        return self.prefix.format(registry=registry, period=period)

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write the pages, in the order of the rows."""
        table = f"{registry.name}_row"
        total = con.execute(f"select count(*) from {table}").fetchall()[0][0]
        pages = max(1, -(-total // self.size))
        query = f"""
            select string_agg(item::varchar, ',' order by n) || chr(10) as line
            from (select {self._item(registry)} as item, rowid as n from {table})
            group by n // {self.size}
            order by n // {self.size}
        """
        bodies = [""]
        if total:
            bodies = [line for batch in lines(con, query) for line in bytes(batch.bytes()).decode().splitlines()]
        written = []
        for page, body in enumerate(bodies, start=1):
            head = f'{{"asOf":"{month.as_of}","period":"{month.period}","page":{page},"pages":{pages},"total":{total},'
            text = (f'{head}"items":[{body}]}}\n').encode()
            path = folder / self.file_name(registry.name, month.period, page)
            path.write_bytes(text)
            rows = min(self.size, total - (page - 1) * self.size)
            written.append(Written(path.name, rows, len(text), hashlib.sha256(text).hexdigest()))
        return written

    def _item(self, registry: Registry) -> str:
        """SQL of an item."""
        values = {c: f"nullif({c}, '')" if c in self.null_when_empty else c for c in registry.labels}
        values |= {
            c: f"case when regexp_full_match({c}, '-?[0-9]+([.][0-9]+)?') then {c}::json else to_json({c}) end"
            for c in self.numbers
        }
        pairs = ", ".join(f"'{label}', {values[column]}" for column, label in registry.labels.items())
        return f"json_object({pairs})"

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """The page that holds a row and its number there."""
        page = f"pad(n // {self.size} + 1, {self.digits})"
        return f"'{self._prefix(registry.name, month.period)}' || {page} || '.json'", f"n % {self.size} + 1"
