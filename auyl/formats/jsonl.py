"""JSON lines: one object a line, in UTF-8, parsed as the items of JSON pages are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Contract
from auyl.contracts.options import JsonlOptions
from auyl.errors import shape
from auyl.formats import objects
from auyl.formats.common import RawResult, Reject, empty, write_part
from auyl.formats.encoding import check_text
from auyl.formats.lines import UNDECODABLE, Lines

if TYPE_CHECKING:
    import duckdb
    import pyarrow

# A byte order mark may stand inside a file that was put together of several.
AROUND = "\ufeff \t\r\n"


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read JSON lines. Options: `JsonlOptions`. `_record` is the line.

    A line that is no JSON object becomes a reject; blank lines, and the commas and brackets of an array written line by
    line, are skipped. Keys that the contract does not know are looked for in every line. Raises ExtractRefused.
    """
    import pyarrow

    result = RawResult()
    for number, file in enumerate(files, start=1):
        check_text(contract, file, "utf-8")
        lines = Lines(contract, file, "utf-8", contract.options(JsonlOptions).final_newline)
        rejects: list[Reject] = []
        parts = list(_parts(contract, file, lines, rejects))
        result.rejects += sorted(rejects + lines.rejects, key=lambda reject: reject.line)
        table = pyarrow.concat_tables(parts, promote_options="default") if parts else None
        keys = {name for name in table.column_names if name not in objects.PLACE} if table else set()
        if table is None or not keys:
            if not rejects:
                raise empty(contract, file, "lines with nothing in them")
            raise contract.refusal(file, "JSON objects, one on a line", shape(rejects[0].text), rejects[0].line)
        matched, unknown = result.match_keys(contract, keys, file)
        con.register("objects", objects.columns(contract, table, matched, unknown))
        result.rows[file.name] = write_part(con, "select * from objects", folder, number)
        con.unregister("objects")
    return result


def _parts(contract: Contract, file: Path, lines: Lines, rejects: list[Reject]) -> Iterator[pyarrow.Table]:
    for chunk in lines.chunks():
        items: list[dict[str, Any]] = []
        records: list[int] = []
        for number, line in enumerate(chunk.lines, start=chunk.number):
            text = line.strip(AROUND)
            if text in ("", "[", "]", UNDECODABLE):
                continue
            item = _object(text.removesuffix(","))
            if item is None:
                rejects.append(Reject(file.name, number, text, "line_unreadable"))
            else:
                items.append(item)
                records.append(number)
        if items:
            yield objects.by_key(items, file.name, records)


def _object(text: str) -> dict[str, Any] | None:
    """The object on a line; None for anything else."""
    try:
        value = objects.parse(text)
    except (ValueError, RecursionError):
        return None
    is_whole = isinstance(value, dict) and not ("\\u0000" in text and objects.has_nul_in_key(value))
    return value if is_whole else None


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """The record number is that of the line already."""
    return {record: record for record in records}
