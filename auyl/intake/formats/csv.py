"""Delimited text in any encoding: transcoded to UTF-8, then read by DuckDB with every column as text."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Contract, heading_key, match_headings
from auyl.duck import literal
from auyl.errors import ExtractRefused
from auyl.intake.formats.common import (
    RawResult,
    Reject,
    empty,
    line_of_byte,
    select_list,
    write_part,
)

if TYPE_CHECKING:
    import duckdb

# Tried in this order to tell what a file with strange headings is; the contract's own encoding always wins.
OTHER_ENCODINGS = ("utf-8-sig", "cp1251", "utf-16", "cp866", "koi8-r")
COUNT_OF_COLUMNS = {"MISSING COLUMNS", "TOO MANY COLUMNS"}


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read delimited files. Options: `delimiter`, `quote`. See the package for what comes out."""
    result = RawResult()
    for number, file in enumerate(files, start=1):
        if file.stat().st_size == 0:
            raise empty(contract, file.name, "an empty file, 0 bytes")
        headings = _headings(contract, file)
        text = _as_utf8(contract, file, work)
        found = match_headings(contract, headings, file.name, 1)
        unknown = sorted(set(headings) - set(found.values()) - {""})
        result.unknown_columns.update(unknown)
        columns = ", ".join(f"{literal(h)}: 'varchar'" for h in _distinct(headings))
        source = (
            f"read_csv({literal(str(text))}, auto_detect=false, header=true, delim={literal(_delimiter(contract))}, "
            f"quote='\"', escape='\"', nullstr='', columns={{{columns}}}, max_line_size=16777216, "
            f"store_rejects=true, rejects_table='rejects_{number}', rejects_scan='scan_{number}', rejects_limit=0)"
        )
        query = (
            f"select {select_list(contract, found, unknown)}, {literal(file.name)} as _file, "
            f"row_number() over () as _record from {source}"
        )
        rows = write_part(con, query, folder, number)
        result.rejects += _rejects(contract, file, text, f"rejects_{number}", con)
        result.rows[file.name] = rows
        if rows == 0 and not result.rejects:
            raise empty(contract, file.name, "a heading and nothing below it")
        if text != file:
            text.unlink()
    return result


def _delimiter(contract: Contract) -> str:
    return str(contract.options.get("delimiter", ","))


def _as_utf8(contract: Contract, file: Path, work: Path) -> Path:
    encoding = codecs.lookup(contract.encoding).name
    if encoding in ("utf-8", "utf-8-sig"):
        return file
    target = work / f"{file.name}.utf8"
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with file.open("rb") as source, target.open("wb") as out:
        done = 0
        while chunk := source.read(1 << 22):
            try:
                out.write(decoder.decode(chunk).encode("utf-8"))
            except UnicodeDecodeError as error:
                line = line_of_byte(file, done + error.start)
                found = f"byte 0x{chunk[error.start]:02x}, which {encoding} does not have"
                raise ExtractRefused(
                    contract.registry, file.name, f"text in {encoding}", found, contract.mender, line
                ) from error
            done += len(chunk)
        try:
            out.write(decoder.decode(b"", final=True).encode("utf-8"))
        except UnicodeDecodeError as error:
            raise ExtractRefused(
                contract.registry, file.name, f"whole {encoding} characters", "half of one at the end", contract.mender
            ) from error
    return target


def _headings(contract: Contract, file: Path) -> list[str]:
    """Headings of a file. Raises ExtractRefused when they are only known in another encoding than the contract's."""
    with file.open("rb") as stream:
        first = stream.readline(1 << 20)
    own = "utf-8-sig" if codecs.lookup(contract.encoding).name == "utf-8" else contract.encoding
    headings = _split(first, own, contract)
    if headings and _known(contract, headings) > len(contract.columns) // 2:
        return headings
    for encoding in OTHER_ENCODINGS:
        other = _split(first, encoding, contract)
        if other and _known(contract, other) > len(contract.columns) // 2:
            raise ExtractRefused(
                contract.registry, file.name, f"text in {contract.encoding}", f"text in {encoding}", contract.mender, 1
            )
    if headings is None:
        raise ExtractRefused(
            contract.registry, file.name, f"text in {contract.encoding}", "bytes that are not", contract.mender, 1
        )
    return headings


def _split(line: bytes, encoding: str, contract: Contract) -> list[str] | None:
    try:
        # UTF-16 text cut at the byte of a line feed has half a character left.
        text = line.decode(encoding, errors="ignore" if encoding == "utf-16" else "strict")
    except UnicodeDecodeError:
        return None
    row = next(csv.reader([text.splitlines()[0] if text else ""], delimiter=_delimiter(contract)), [])
    return _distinct([heading.replace("\ufeff", "").strip("\r\n") for heading in row])


def _distinct(headings: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    names = []
    for heading in headings:
        seen[heading] = seen.get(heading, 0) + 1
        names.append(heading if seen[heading] == 1 else f"{heading} ({seen[heading]})")
    return names


def _known(contract: Contract, headings: list[str]) -> int:
    came = {heading_key(heading) for heading in headings}
    return sum(any(heading_key(name) in came for name in (c.source, *c.aliases)) for c in contract.columns)


def _rejects(
    contract: Contract, file: Path, text: Path, table: str, con: duckdb.DuckDBPyConnection
) -> Iterator[Reject]:
    rows = con.execute(
        # One line may be reported for several columns.
        f"select line_byte_position, any_value(error_type::varchar), any_value(csv_line), any_value(error_message) "
        f"from {table} group by 1 order by 1"
    ).fetchall()
    with text.open("rb") as stream:
        # DuckDB counts bytes from behind a byte order mark.
        mark = 3 if stream.read(3) == codecs.BOM_UTF8 else 0
    for position, kind, line_text, message in rows:
        line = line_of_byte(text, _start(text, int(position) - 1 + mark)) if position else 1
        if kind in COUNT_OF_COLUMNS:
            yield Reject(file.name, line, str(line_text).strip("\r\n"), "column_count")
        elif kind == "INVALID ENCODING":
            raise ExtractRefused(
                contract.registry,
                file.name,
                f"text in {contract.encoding}",
                "bytes that are not",
                contract.mender,
                line,
            )
        else:
            # An unclosed quote swallows the lines after it: nobody can say what they were.
            found = str(message).splitlines()[0]
            raise ExtractRefused(contract.registry, file.name, "a whole record", found, contract.mender, line)


def _start(text: Path, position: int) -> int:
    """The first byte of a line that DuckDB reports: behind CR and LF it points at the LF."""
    with text.open("rb") as stream:
        stream.seek(max(0, position - 1))
        return position + 1 if stream.read(2) == b"\r\n" else position


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of a file begins. Reads up to the last of them."""
    lines: dict[int, int] = {}
    last = max(records, default=0)
    with file.open(encoding=contract.encoding if contract.encoding != "utf-8" else "utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=_delimiter(contract))
        width = len(next(reader, []))
        record, begins = 0, reader.line_num + 1
        for row in reader:
            if len(row) == width:
                record += 1
                if record in records:
                    lines[record] = begins
                if record >= last:
                    break
            begins = reader.line_num + 1
    return lines
