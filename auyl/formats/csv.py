"""Delimited text in any encoding: transcoded to UTF-8, then read by DuckDB with every column as text."""

from __future__ import annotations

import codecs
import csv
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import Contract, heading_key, match_headings
from auyl.contracts.options import CsvOptions
from auyl.errors import ExtractRefused
from auyl.formats.common import (
    NAMELESS,
    RawResult,
    Reject,
    distinct,
    empty,
    line_of_byte,
    lines_of_bytes,
    repeats_heading,
    select_list,
    write_part,
)
from auyl.formats.encoding import check_no_nul, check_text, guess, undecodable
from auyl.store.duck import literal

if TYPE_CHECKING:
    import duckdb

# Tried in this order to explain strange headings; only the contract decides how a file is read.
OTHER_ENCODINGS = ("utf-8-sig", "cp1251", "utf-16", "cp866", "koi8-r")
DELIMITERS = (";", ",", "\t", "|")
# Python's reader, which finds lines again, must accept every field that DuckDB accepts.
csv.field_size_limit(1 << 24)
COUNT_OF_COLUMNS = {"MISSING COLUMNS", "TOO MANY COLUMNS"}


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read delimited files. Options: `CsvOptions`.

    A line with another number of fields, and one that repeats the heading, become rejects. A file whose last line has
    no line end counts as truncated, unless `finalNewline` is false. Raises ExtractRefused.
    """
    import duckdb

    result = RawResult()
    for number, file in enumerate(files, start=1):
        headings = _headings(contract, file)
        text = _as_utf8(contract, file, work / f"utf8-{number}.csv")
        if text.stat().st_size == 0:
            raise empty(contract, file, "a byte order mark and nothing after it")
        if contract.options(CsvOptions).final_newline:
            check_last_line(contract, file, text)
        matched = match_headings(contract, headings, file.name, 1)
        result.add_headings(matched, headings, file.name)
        unknown = sorted(h for h in set(headings) - set(matched.values()) if not h.startswith(NAMELESS))
        result.unknown_columns.update(unknown)
        columns = ", ".join(f"{literal(h)}: 'varchar'" for h in headings)
        # Wildcards of DuckDB's paths are ordinary characters here.
        address = re.sub(r"([*?\[])", r"[\1]", str(text))
        scanned = (
            f"read_csv({literal(address)}, auto_detect=false, header=true, delim={literal(_delimiter(contract))}, "
            f"quote='\"', escape='\"', nullstr='', columns={{{columns}}}, max_line_size=16777216"
        )
        rows = f"(select *, row_number() over () as _record from {scanned}, "
        strict = rows + (
            f"store_rejects=true, rejects_table='rejects_{number}', rejects_scan='scan_{number}', rejects_limit=0))"
        )
        try:
            repeats = []
            if _repeats_its_heading(contract, file, text):
                lenient = rows + "ignore_errors=true))"
                repeats = con.execute(
                    f"select _record from {lenient} where {repeats_heading(matched)} order by 1"
                ).fetchall()
            condition = f"where _record not in ({', '.join(str(record) for (record,) in repeats)})" if repeats else ""
            query = (
                f"select {select_list(contract, matched, unknown)}, {literal(file.name)} as _file, _record "
                f"from {strict} {condition}"
            )
            rows_written = write_part(con, query, folder, number)
        except duckdb.InvalidInputException as error:
            raise _unreadable(contract, file, text, error) from error
        result.rejects += _rejects(contract, file, text, f"rejects_{number}", con)
        if repeats:
            lines = locate(contract, file, {record for (record,) in repeats})
            heading = _delimiter(contract).join(h for h in headings if not h.startswith(NAMELESS))
            result.rejects += [
                Reject(file.name, lines.get(record, 0), heading, "heading_repeated") for (record,) in repeats
            ]
        result.rows[file.name] = rows_written
        if rows_written == 0 and not result.rejects:
            raise empty(contract, file, "a heading and nothing below it")
        if text != file:
            text.unlink()
    return result


def _encoding(contract: Contract, file: Path) -> str:
    """UTF-8 if the file begins with its byte order mark, else the contract's encoding."""
    with file.open("rb") as stream:
        marked = stream.read(3) == codecs.BOM_UTF8
    return "utf-8-sig" if marked else codecs.lookup(contract.encoding).name


def check_last_line(contract: Contract, file: Path, text: Path) -> None:
    """Refuse a text whose last line has no line end. Raises ExtractRefused."""
    with text.open("rb") as stream:
        first = stream.readline(1 << 20)
        stream.seek(-1, 2)
        last = stream.read(1)
        # A lone CR is a line end only in files of old Macs; in others it is half of a CRLF.
        if last == b"\n" or (last == b"\r" and not first.endswith(b"\n")):
            return
    raise contract.refusal(
        file,
        "a line end after the last line (or finalNewline: false in the contract)",
        "a file that stops in a line, as one cut short does",
        line_of_byte(text, text.stat().st_size),
    )


def _repeats_its_heading(contract: Contract, file: Path, text: Path) -> bool:
    """Does the first line occur again? Searched in the bytes, so that only files which repeat it are read twice.

    Raises ExtractRefused for a text with a NUL.
    """
    with text.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        check_no_nul(contract, file, content)
        first = stream.readline(1 << 20).removeprefix(codecs.BOM_UTF8).strip()
        return bool(first) and content.find(first, content.find(first) + len(first)) >= 0


def _unreadable(contract: Contract, file: Path, text: Path, error: Exception) -> ExtractRefused:
    """The refusal for what DuckDB cannot read: mostly a file with several kinds of line ends."""
    found = next((line for line in str(error).splitlines() if line.strip()), "damage")
    line = None
    with text.open("rb") as stream:
        ending = None
        for number, content in enumerate(stream, start=1):
            line_end = b"\r\n" if content.endswith(b"\r\n") else b"\n"
            if b"\r" in content.removesuffix(line_end) or line_end != (ending or line_end):
                line, found = number, "lines that end now in LF, now in CR or CRLF"
                break
            ending = line_end
    return contract.refusal(file, "a text of lines that end alike", found, line)


def _delimiter(contract: Contract) -> str:
    return contract.options(CsvOptions).delimiter


def _as_utf8(contract: Contract, file: Path, target: Path) -> Path:
    encoding = _encoding(contract, file)
    check_text(contract, file, encoding)
    if encoding in ("utf-8", "utf-8-sig"):
        return file
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with file.open("rb") as source, target.open("wb") as out:
        done = 0
        while chunk := source.read(1 << 22):
            try:
                out.write(decoder.decode(chunk).encode("utf-8"))
            except UnicodeError as error:
                raise undecodable(contract, file, encoding, done + getattr(error, "start", 0)) from error
            done += len(chunk)
        try:
            out.write(decoder.decode(b"", final=True).encode("utf-8"))
        except UnicodeError as error:
            raise contract.refusal(file, f"whole {encoding} characters", "half of one at the end") from error
    return target


def _headings(contract: Contract, file: Path) -> list[str]:
    """Headings of a file. Raises ExtractRefused when they are only known in another encoding than the contract's."""
    with file.open("rb") as stream:
        first = stream.readline(1 << 20)
    encoding_of_file = _encoding(contract, file)
    headings = _split(first, encoding_of_file, contract)
    if headings and _known(contract, headings) > len(contract.columns) // 2:
        return headings
    for encoding in OTHER_ENCODINGS:
        other = _split(first, encoding, contract)
        if other and _known(contract, other) > len(contract.columns) // 2:
            raise contract.refusal(file, f"text in {contract.encoding}", f"text in {encoding}", 1)
    if headings is None:
        found = f"bytes that are not; {guess(first)}"
        raise contract.refusal(file, f"text in {contract.encoding}", found, 1)
    for delimiter in DELIMITERS:
        other = _split(first, encoding_of_file, contract, delimiter) or []
        if _known(contract, other) > max(_known(contract, headings), len(contract.columns) // 2):
            raise contract.refusal(
                file,
                f"columns divided by {_delimiter(contract)!r}",
                f"a heading that {delimiter!r} divides into the contract's columns",
                1,
            )
    return headings


def _split(line: bytes, encoding: str, contract: Contract, delimiter: str | None = None) -> list[str] | None:
    try:
        # A line of UTF-16, cut at the byte of a line feed, ends in half a character.
        text = line.decode(encoding, errors="ignore" if encoding.startswith("utf-16") else "strict")
    except UnicodeError:
        return None
    row = next(csv.reader([text.splitlines()[0] if text else ""], delimiter=delimiter or _delimiter(contract)), [])
    return distinct([heading.replace("\ufeff", "").strip("\r\n") for heading in row])


def _known(contract: Contract, headings: list[str]) -> int:
    keys = {heading_key(heading) for heading in headings}
    return sum(any(heading_key(name) in keys for name in c.names) for c in contract.columns)


def _rejects(
    contract: Contract, file: Path, text: Path, table: str, con: duckdb.DuckDBPyConnection
) -> Iterator[Reject]:
    rows = con.execute(
        # One line may be reported for several columns.
        f"select line_byte_position, any_value(error_type::varchar), any_value(csv_line), any_value(error_message) "
        f"from {table} group by 1 order by 1"
    ).fetchall()
    if not rows:
        return
    begins = _begins_of_lines(text, [int(row[0] or 0) for row in rows])
    for (position, kind, line_text, message), line in zip(rows, lines_of_bytes(text, begins), strict=True):
        if kind in COUNT_OF_COLUMNS:
            yield Reject(file.name, line, str(line_text).strip("\r\n"), "column_count")
        elif kind == "INVALID ENCODING":
            raise undecodable(contract, file, contract.encoding, _first_undecodable(text, int(position) - 1))
        else:
            # An unclosed quote swallows the lines after it, so nobody knows what they were.
            found = str(message).splitlines()[0]
            raise contract.refusal(file, "a whole record", found, line)


def _begins_of_lines(text: Path, positions: list[int]) -> list[int]:
    """Where lines begin that DuckDB reports at these bytes, which it counts from 1 after a byte order mark.

    DuckDB reports a line after CRLF one byte too early, and 0 for a fault of the whole file.
    """
    with text.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        mark = len(codecs.BOM_UTF8) if content[:3] == codecs.BOM_UTF8 else 0
        places = [max(0, position - 1 + mark) if position else 0 for position in positions]
        return [place + (content[place : place + 1] == b"\n") for place in places]


def _first_undecodable(text: Path, start: int) -> int:
    """Position of the first byte at or after `start` that is not UTF-8."""
    with text.open("rb") as stream:
        stream.seek(start)
        try:
            (line := stream.readline()).decode("utf-8")
        except UnicodeDecodeError as error:
            return start + error.start
    return start + len(line)


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of a file begins. Reads up to the last of them."""
    lines: dict[int, int] = {}
    last = max(records, default=0)
    with file.open(encoding=_encoding(contract, file), newline="") as stream:
        reader = csv.reader(stream, delimiter=_delimiter(contract))
        width = len(next(reader, []))
        record, begins = 0, reader.line_num + 1
        for row in reader:
            # DuckDB accepts one empty field too many.
            if len(row) == width or (len(row) == width + 1 and not row[-1]):
                record += 1
                if record in records:
                    lines[record] = begins
                if record >= last:
                    break
            begins = reader.line_num + 1
    return lines
