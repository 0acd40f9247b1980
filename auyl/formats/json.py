"""Pages of a REST interface, each a file as it came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Contract
from auyl.contracts.options import JsonOptions
from auyl.formats import objects
from auyl.formats.common import RawResult, empty, write_part

if TYPE_CHECKING:
    import duckdb

MAX_PAGE_BYTES = 64 << 20
# Keys are looked for in so many items of each page.
SAMPLE_ITEMS = 200


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read JSON pages. Options: `JsonOptions`.

    Raises ExtractRefused for a page that is not whole JSON, a page given twice, and fewer items than the answer states.
    """
    import pyarrow

    result = RawResult()
    options = contract.options(JsonOptions)
    items: list[dict[str, Any]] = []
    seen: dict[Any, str] = {}
    total: Any = None
    for file in files:
        page = _page(contract, file, options.items)
        number = page.get(options.page)
        if number is not None and number in seen:
            raise contract.refusal(file, "each page once", f"page {number} again, after {seen[number]}")
        seen[number] = file.name
        result.add_envelope(contract, file, objects.envelope(contract, page))
        if options.total:
            total = page.get(options.total, total)
        result.rows[file.name] = len(page[options.items])
        items += page[options.items]
        keys = {key for item in page[options.items][:SAMPLE_ITEMS] for key in item}
        if keys:
            result.match_keys(contract, keys, file)
    if not items:
        raise empty(contract, files[0], "pages with no item")
    if total is not None and int(total) != len(items):
        found = f"{len(items)} items on {len(files)} pages"
        raise contract.refusal(files[-1], f"{total} items, as the answer says", found)
    # The pages are parsed already, to be judged whole; a second parser would cost more than making columns of them.
    table = {c.name: objects.column(items, c.names) for c in contract.columns}
    table["_file"] = pyarrow.array([name for name, n in result.rows.items() for _ in range(n)], pyarrow.string())
    table["_record"] = pyarrow.array([r for n in result.rows.values() for r in range(1, n + 1)], pyarrow.int64())
    con.register("items", pyarrow.table(table))
    write_part(con, "select * from items", folder, 1)
    con.unregister("items")
    return result


def _page(contract: Contract, file: Path, items: str) -> dict[str, Any]:
    page = objects.load(contract, file, MAX_PAGE_BYTES)
    if not isinstance(page, dict):
        raise contract.refusal(file, "a JSON object", type(page).__name__)
    if not isinstance(page.get(items), list):
        raise contract.refusal(file, f"a list «{items}»", f"keys {', '.join(list(page)[:9])}")
    if not all(isinstance(item, dict) for item in page[items]):
        raise contract.refusal(file, f"objects in «{items}»", "an item that is none")
    return page


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Pages are often one long line, so the item's number stands for its line."""
    return {record: record for record in records}
