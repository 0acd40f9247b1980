"""Pages of a REST answer, kept as they came, one file a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Column, Contract, missing_column
from auyl.duck import identifier, literal
from auyl.errors import ExtractRefused
from auyl.intake.formats.common import RawResult, empty, write_part

if TYPE_CHECKING:
    import duckdb

MAX_PAGE_BYTES = 64 << 20


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read JSON pages. Options: `items` (key of the list), `envelope` (name → key), `total` (key), `page` (key).

    A page that is not whole JSON, a page given twice, or fewer items than the answer says it has refuses the extract.
    """
    result = RawResult()
    items = str(contract.options["items"])
    seen: dict[Any, str] = {}
    total: Any = None
    for file in files:
        page = _page(contract, file)
        number = page.get(str(contract.options.get("page", "page")))
        if number in seen:
            found = f"page {number} again, after {seen[number]}"
            raise ExtractRefused(contract.registry, file.name, "each page once", found, contract.mender)
        seen[number] = file.name
        for name, key in dict(contract.options.get("envelope") or {}).items():
            if page.get(key) is not None:
                result.envelope[name] = str(page[key])
        total = page.get(str(contract.options.get("total")), total)
        if not isinstance(page.get(items), list):
            found = f"keys {', '.join(list(page)[:9])}"
            raise ExtractRefused(contract.registry, file.name, f"a list «{items}»", found, contract.mender)
        result.rows[file.name] = len(page[items])
        keys = {key for item in page[items][:200] if isinstance(item, dict) for key in item}
        result.unknown_columns |= (
            keys - {n for c in contract.columns for n in (c.source, *c.aliases)} if keys else set()
        )
        _check_keys(contract, keys, file)
    rows = sum(result.rows.values())
    if rows == 0:
        raise empty(contract, files[0].name, "pages with no item")
    if total is not None and int(total) != rows:
        found = f"{rows} items on {len(files)} pages"
        raise ExtractRefused(
            contract.registry, files[-1].name, f"{total} items, as the answer says", found, contract.mender
        )
    # One pass over an item: extracting its keys one by one parses it as many times.
    names = [name for c in contract.columns for name in (c.source, *c.aliases)]
    shape = "struct(" + ", ".join(f"{identifier(name)} varchar" for name in names) + ")[]"
    columns = ", ".join(f"{_field(c)} as {identifier(c.name)}" for c in contract.columns)
    paths = "[" + ", ".join(literal(str(file)) for file in files) + "]"
    # DuckDB takes memory for the largest object that is allowed, for every file anew.
    largest = max(file.stat().st_size for file in files) + 1024
    written = write_part(
        con,
        f"select {columns}, parse_filename(filename) as _file, _record from ("
        f"select filename, unnest({identifier(items)}) as item, "
        f"generate_subscripts({identifier(items)}, 1) as _record "
        f"from read_json({paths}, format='unstructured', columns={{{literal(items)}: {literal(shape)}}}, "
        f"filename=true, maximum_object_size={largest}))",
        folder,
        1,
    )
    if written != rows:  # pragma: no cover - two readers of the same page must agree
        raise ExtractRefused(
            contract.registry, files[0].name, f"{rows} items", f"{written} read", "us: a fault of this program"
        )
    return result


def _field(column: Column) -> str:
    paths = [f"item.{identifier(name)}" for name in (column.source, *column.aliases)]
    return f"coalesce({', '.join(paths)})" if len(paths) > 1 else paths[0]


def _page(contract: Contract, file: Path) -> dict[str, Any]:
    if file.stat().st_size == 0:
        raise empty(contract, file.name, "an empty answer, 0 bytes")
    if file.stat().st_size > MAX_PAGE_BYTES:
        raise ExtractRefused(
            contract.registry,
            file.name,
            f"a page of at most {MAX_PAGE_BYTES:,} bytes",
            f"{file.stat().st_size:,}",
            contract.mender,
        )
    try:
        page = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise ExtractRefused(
            contract.registry, file.name, "whole JSON in UTF-8", str(error), contract.mender, line
        ) from error
    if not isinstance(page, dict):
        raise ExtractRefused(contract.registry, file.name, "a JSON object", type(page).__name__, contract.mender)
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
