"""Pages of a REST answer, kept as they came, one file a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Column, Contract, missing_column
from auyl.contracts.options import JsonOptions
from auyl.formats.common import RawResult, empty, envelope_of, write_part
from auyl.formats.encoding import check_no_nul

if TYPE_CHECKING:
    import duckdb
    import pyarrow

MAX_PAGE_BYTES = 64 << 20


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read JSON pages. Options: `items` (key of the list), `envelope` (name → key), `total` (key), `page` (key).

    A page that is not whole JSON, a page given twice, or fewer items than the answer says it has refuses the extract.
    """
    result = RawResult()
    options = contract.options(JsonOptions)
    items, pages = options.items, []
    seen: dict[Any, str] = {}
    total: Any = None
    for file in files:
        page = _page(contract, file)
        number = page.get(options.page)
        if number is not None and number in seen:
            found = f"page {number} again, after {seen[number]}"
            raise contract.refusal(file, "each page once", found)
        seen[number] = file.name
        result.stated(contract, file.name, envelope_of(contract, page))
        if options.total:
            total = page.get(options.total, total)
        if not isinstance(page.get(items), list):
            found = f"keys {', '.join(list(page)[:9])}"
            raise contract.refusal(file, f"a list «{items}»", found)
        if not all(isinstance(item, dict) for item in page[items]):
            raise contract.refusal(file, f"objects in «{items}»", "an item that is none")
        result.rows[file.name] = len(page[items])
        pages.append((file.name, page[items]))
        keys = {key for item in page[items][:200] for key in item}
        result.unknown_columns |= (
            keys - {n for c in contract.columns for n in (c.source, *c.aliases)} if keys else set()
        )
        _check_keys(contract, keys, file)
        result.came_as({c: name for c in contract.columns for name in (*reversed(c.aliases), c.source) if name in keys})
    rows = sum(result.rows.values())
    if rows == 0:
        raise empty(contract, files[0], "pages with no item")
    if total is not None and int(total) != rows:
        found = f"{rows} items on {len(files)} pages"
        raise contract.refusal(files[-1], f"{total} items, as the answer says", found)
    # The pages are parsed already, to be judged whole; a second parser would cost more than making columns of them.
    con.register("items", _columns(contract, pages))
    written = write_part(con, "select * from items", folder, 1)
    con.unregister("items")
    if written != rows:  # pragma: no cover - what was counted is what is written
        raise RuntimeError(f"{contract.registry}: {rows} items were read and {written} written")
    return result


def _columns(contract: Contract, pages: list[tuple[str, list[Any]]]) -> pyarrow.Table:
    import pyarrow

    def column(column: Column) -> pyarrow.Array:
        values = [item.get(column.source) for _, items in pages for item in items]
        if column.aliases and None in values:
            everything = (item for _, items in pages for item in items)
            values = [
                next((item[name] for name in column.aliases if item.get(name) is not None), None) if value is None
                else value
                for value, item in zip(values, everything, strict=True)
            ]  # fmt: skip
        try:
            return pyarrow.array(values, pyarrow.string())
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
            return pyarrow.array(map(_text, values), pyarrow.string())

    table = {c.name: column(c) for c in contract.columns}
    table["_file"] = pyarrow.array([name for name, items in pages for _ in items], pyarrow.string())
    table["_record"] = pyarrow.array([n for _, items in pages for n in range(1, len(items) + 1)], pyarrow.int64())
    return pyarrow.table(table)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _page(contract: Contract, file: Path) -> dict[str, Any]:
    if file.stat().st_size == 0:
        raise empty(contract, file, "an empty answer, 0 bytes")
    if file.stat().st_size > MAX_PAGE_BYTES:
        raise contract.refusal(file, f"a page of at most {MAX_PAGE_BYTES:,} bytes", f"{file.stat().st_size:,}")
    try:
        content = file.read_bytes()
        check_no_nul(contract, file, content, b"\\u0000")
        page = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise contract.refusal(file, "whole JSON in UTF-8", str(error), line) from error
    if not isinstance(page, dict):
        raise contract.refusal(file, "a JSON object", type(page).__name__)
    return page


def _check_keys(contract: Contract, keys: set[str], file: Path) -> None:
    if not keys:
        return
    known = {n for c in contract.columns for n in (c.source, *c.aliases)}
    for column in contract.columns:
        if column.required and not keys & {column.source, *column.aliases}:
            raise missing_column(contract, column, sorted(keys - known), file.name, None)


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Pages are often one long line, so the item's number stands for its line."""
    return {record: record for record in records}
