"""JSON lines: one object a line, in UTF-8, parsed by DuckDB with every value as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Contract
from auyl.contracts.options import JsonlOptions
from auyl.formats.common import RawResult, Reject, distinct, empty, write_part
from auyl.formats.csv import check_last_line
from auyl.formats.encoding import check_no_nul, check_text, undecodable
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow

CHUNK_BYTES = 1 << 23
MAX_LINE_BYTES = 1 << 24


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read JSON lines. Options: `JsonlOptions`. `_record` is the line.

    A line that is no JSON object becomes a reject; blank lines are skipped. Keys that the contract does not know are
    looked for in every line. A value that is no text becomes text as JSON writes it. Raises ExtractRefused.
    """
    result = RawResult()
    for number, file in enumerate(files, start=1):
        check_text(contract, file, "utf-8")
        if contract.options(JsonlOptions).final_newline:
            check_last_line(contract, file, file)
        con.execute("create or replace temp table json_line (_record bigint, line varchar, is_object boolean)")
        for lines in _lines(contract, file):
            con.register("chunk", lines)
            con.execute(
                "insert into json_line select _record, line, "
                "case when json_valid(line) then json_type(line) = 'OBJECT' else false end from chunk where line <> ''"
            )
            con.unregister("chunk")
        keysets = con.execute("select distinct json_keys(line) from json_line where is_object").fetchall()
        keys = {key for (keyset,) in keysets for key in keyset}
        broken = con.execute("select _record, line from json_line where not is_object order by _record").fetchall()
        result.rejects += [Reject(file.name, record, line, "line_unreadable") for record, line in broken]
        if not keys:
            if not broken:
                raise empty(contract, file, "lines with nothing in them")
            (record, line), *_ = broken
            expected = "JSON objects, one on a line"
            raise contract.refusal(file, expected, line[:120], record)
        matched, unknown = result.match_keys(contract, keys, file)
        keys_to_read = list(dict.fromkeys([name for names in matched.values() for name in names] + unknown))
        paths = ", ".join(literal("/" + name.replace("~", "~0").replace("/", "~1")) for name in keys_to_read)
        place = {name: f"_values[{at}]" for at, name in enumerate(keys_to_read, start=1)}
        cells = [
            f"coalesce({', '.join(place[n] for n in matched[c])})::varchar as {identifier(c.name)}"
            if c in matched
            else f"null::varchar as {identifier(c.name)}"
            for c in contract.columns
        ]
        cells += [
            f"{place[name]} as {identifier('unknown:' + shown)}"
            for name, shown in zip(unknown, distinct(unknown), strict=True)
        ]
        query = (
            f"select {', '.join(cells)}, {literal(file.name)} as _file, _record from "
            f"(select _record, json_extract_string(line, [{paths}]::varchar[]) as _values "
            f"from json_line where is_object)"
        )
        result.rows[file.name] = write_part(con, query, folder, number)
        con.execute("drop table json_line")
    return result


def _lines(contract: Contract, file: Path) -> Iterator[pyarrow.Table]:
    """Lines with their numbers, `_record` and `line`, cut out of the bytes without becoming Python objects."""
    import numpy
    import pyarrow

    done, position, rest = 0, 0, b""
    with file.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK_BYTES)
            content = rest + chunk
            if not content:
                return
            end = content.rfind(b"\n") + 1 if chunk else len(content)
            if end == 0 and len(content) > MAX_LINE_BYTES:
                raise contract.refusal(file, f"lines of at most {MAX_LINE_BYTES:,} bytes", "a longer one", done + 1)
            whole, rest = content[:end], content[end:]
            if not whole:
                continue
            starts = numpy.flatnonzero(numpy.frombuffer(whole, dtype="u1") == 10).astype("i4") + 1
            if not len(starts) or starts[-1] != end:
                starts = numpy.append(starts, numpy.int32(end))
            offsets = numpy.concatenate((numpy.zeros(1, "i4"), starts))
            text = pyarrow.StringArray.from_buffers(len(starts), pyarrow.py_buffer(offsets), pyarrow.py_buffer(whole))
            check_no_nul(contract, file, whole, b"\\u0000")
            try:
                text.validate(full=True)
            except pyarrow.ArrowInvalid as error:
                raise undecodable(contract, file, "utf-8", position + _first_undecodable(whole)) from error
            records = pyarrow.array(numpy.arange(done + 1, done + 1 + len(starts), dtype="i8"))
            trimmed = pyarrow.compute.utf8_trim(text, characters="\ufeff \t\r\n")
            yield pyarrow.table({"_record": records, "line": trimmed})
            done += len(starts)
            position += end


def _first_undecodable(content: bytes) -> int:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """The record number is that of the line already."""
    return {record: record for record in records}
