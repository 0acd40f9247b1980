"""Pages of a REST interface, each a file as it came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Column, Contract, missing_column
from auyl.contracts.options import JsonOptions
from auyl.formats import objects
from auyl.formats.common import RawResult, Reject, empty, write_part

if TYPE_CHECKING:
    import duckdb
    import pyarrow

MAX_PAGE_BYTES = 64 << 20


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read JSON pages. Options: `JsonOptions`. `_record` is the item's number on its page.

    Columns are looked for on all pages together, since many services leave out keys without a value. An item that is
    no object becomes a reject. Raises ExtractRefused for a page that is not whole JSON, a page given twice, another
    number of items than the answer states, and a page on which the key of a required column has another name.
    """
    import pyarrow

    result = RawResult()
    options = contract.options(JsonOptions)
    pages: dict[Path, pyarrow.Table] = {}
    seen: dict[str, str] = {}
    counts: dict[int, Path] = {}
    total: int | None = None
    count = 0
    for file in files:
        page = _page(contract, file, options.items)
        number = _number(contract, file, page, options.page)
        if number is not None and number in seen:
            raise contract.refusal(file, "each page once", f"page {number} again, after {seen[number]}")
        seen[number or ""] = file.name
        fields = objects.envelope(contract, file, page)
        as_of = fields.get("extracted_at")
        if as_of != result.envelope.get("extracted_at", as_of):
            column = contract.envelope["extracted_at"]
            raise contract.refusal(file, "the moment of the pages before", "pages of two moments", column=column)
        result.add_envelope(contract, file, fields)
        stated = objects.count(contract, file, page, options.total)
        if None not in (stated, total) and stated != total:
            raise contract.refusal(file, f"{total} items, as on the pages before", f"{stated} on page {number}")
        total = total if stated is None else stated
        of = objects.count(contract, file, page, options.pages)
        if number is not None and of is not None:
            counts[of] = file
        items = page[options.items]
        count += len(items)
        pages[file] = _rows(file, items, result)
    for of, file in counts.items():
        if of != len(files):
            raise contract.refusal(file, f"{of} pages, as the answer says", f"{len(files)} files")
    if not count:
        raise empty(contract, files[0], "pages with no item")
    _check_numbers(contract, files, [number for number in seen if number])
    if total is not None and total != count:
        raise contract.refusal(files[-1], f"{total} items, as the answer says", f"{count} items on {len(files)} pages")
    table = pyarrow.concat_tables(pages.values(), promote_options="default")
    keys = {name for name in table.column_names if name not in objects.PLACE}
    matched, unknown = result.match_keys(contract, keys, files[0])
    _check_renamed(contract, pages, matched)
    # The pages are parsed already, to be judged whole; a second parser would cost more than making columns of them.
    con.register("items", objects.columns(contract, table, matched, unknown))
    write_part(con, "select * from items", folder, 1)
    con.unregister("items")
    return result


def _check_numbers(contract: Contract, files: list[Path], numbers: list[str]) -> None:
    """Refuse pages whose numbers leave a gap. Services count from one or from zero. Raises ExtractRefused."""
    pages = sorted(map(int, numbers))
    if pages and (pages[0] > 1 or pages != [*range(pages[0], pages[0] + len(pages))]):
        found = f"pages {', '.join(map(str, pages[:9]))}" + " …" * (len(pages) > 9)
        raise contract.refusal(files[0], "pages that follow one another from the first", found)


def _rows(file: Path, items: list[Any], result: RawResult) -> pyarrow.Table:
    records: list[int] = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            records.append(number)
        else:
            result.rejects.append(Reject(file.name, number, objects.as_text(item) or "null", "line_unreadable"))
    result.rows[file.name] = len(records)
    return objects.by_key([item for item in items if isinstance(item, dict)], file.name, records)


def _check_renamed(contract: Contract, pages: dict[Path, pyarrow.Table], matched: dict[Column, list[str]]) -> None:
    """Refuse a page that lacks a required column which every item of the others has, and has a key that they have not.

    Raises ExtractRefused.
    """
    if len(pages) == 1:
        return
    required = [(column, names) for column, names in matched.items() if column.required]
    for file, page in pages.items():
        others = [other for other in pages.values() if other is not page and other.num_rows]
        fresh = set(page.column_names) - {name for other in others for name in other.column_names}
        if not (page.num_rows and fresh and others):
            continue
        for column, names in required:
            if not set(names) & set(page.column_names) and all(_is_filled(other, names) for other in others):
                raise missing_column(contract, column, sorted(fresh), file.name, None)


def _is_filled(page: pyarrow.Table, names: list[str]) -> bool:
    return any(name in page.column_names and page.column(name).null_count == 0 for name in names)


def _page(contract: Contract, file: Path, items: str) -> dict[str, Any]:
    page = objects.load(contract, file, MAX_PAGE_BYTES)
    if not isinstance(page, dict):
        raise contract.refusal(file, "a JSON object", objects.kind(page))
    if not isinstance(page.get(items), list):
        found = objects.kind(page[items]) if items in page else f"keys {objects.keys_in_words(contract, page)}"
        raise contract.refusal(file, f"a list «{items}»", found)
    return page


def _number(contract: Contract, file: Path, page: dict[str, Any], key: str) -> str | None:
    """The number of a page, as text."""
    number = page.get(key)
    if number is None or (isinstance(number, str) and number.isascii() and number.isdigit()):
        return number
    raise contract.refusal(file, "the number of the page", objects.kind(number), column=key)


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Pages are often one long line, so the item's number stands for its line."""
    return {record: record for record in records}
