"""Damage of old workbooks (XLS, BIFF5 and BIFF8) that the library which reads them does not notice.

The format has no checksum, and the library accepts a truncated stream as complete. So the compound file is walked here:
every sheet must reach its end mark, and its rows with cells are counted for comparison. The walk also sees what the
library does not tell: formulas without a result, and whether the code page of the texts is written down.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from auyl.contracts import Contract
from auyl.formats.compound import ENCRYPTED, MAGIC, Broken, Compound

BOF, EOF, BOUNDSHEET, FILEPASS, CODEPAGE, RECALCID, FORMULA = 0x809, 0x0A, 0x85, 0x2F, 0x42, 0x1C1, 0x06
# RK, MULRK, NUMBER, LABEL, LABELSST, RSTRING, BOOLERR: cells with a constant.
CELLS = frozenset((0x27E, 0xBD, 0x203, 0x204, 0xFD, 0xD6, 0x205))
# Length of the records that always have the same: ROW, BLANK, RK, NUMBER, LABELSST, BOOLERR.
LENGTHS = {0x208: 16, 0x201: 6, 0x27E: 10, 0x203: 14, 0xFD: 10, 0x205: 8}


# Of a formula: the numbers zero, an empty text.
NO_RESULT = (bytes(8), b"\0" * 7 + b"\x80", b"\x03\0\0\0\0\0\xff\xff")


@dataclass(frozen=True)
class CheckedSheet:
    """A worksheet: its number of rows with a constant cell; formulas that nobody calculated, (row, column) from 0."""

    rows: int
    not_computed: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class CheckedBook:
    """A whole old workbook. `says_encoding` is false where texts of one byte a letter come without a code page."""

    sheets: list[CheckedSheet]
    says_encoding: bool


def check_workbook(contract: Contract, file: Path) -> CheckedBook:
    """Walk through an old workbook.

    Raises ExtractRefused for a file that is no old workbook, truncated, damaged or locked with a password.
    """
    content = file.read_bytes()
    if not content.startswith(MAGIC):
        kind = "a ZIP archive (XLSX?)" if content.startswith(b"PK") else f"a file that begins with {content[:16]!r}"
        raise contract.refusal(file, "an old workbook (XLS)", kind)
    try:
        return _book(_workbook(content))
    except (Broken, struct.error, IndexError) as error:
        found = str(error) if isinstance(error, Broken) else "a record that breaks off"
        raise contract.refusal(file, "a whole old workbook (XLS)", found) from error


def _workbook(content: bytes) -> bytes:
    file = Compound(content)
    if ENCRYPTED in file.entries:
        raise Broken("a password-protected workbook")
    name = next((name for name in ("Workbook", "Book") if file.entries.get(name, (0, 0))[1]), None)
    if name is None:
        raise Broken(f"no stream «Workbook» among {', '.join(file.entries) or 'none'}")
    return file.stream(name)


def _book(stream: bytes) -> CheckedBook:
    starts: list[int] = []
    at, seen = 0, set()
    while True:
        kind, length = struct.unpack_from("<HH", stream, at)
        if at == 0 and kind != BOF:
            raise Broken("a workbook that begins with no BOF record")
        if kind == FILEPASS:
            raise Broken("a password-protected workbook")
        if kind == BOUNDSHEET:
            offset, _, sheet_type = struct.unpack_from("<IBB", stream, at + 4)
            if sheet_type == 0:
                starts.append(offset)
        seen.add(kind)
        at += 4 + length
        if kind == EOF:
            break
    if not starts:
        raise Broken("a workbook without a sheet")
    is_unicode = struct.unpack_from("<H", stream, 4)[0] >= 0x600
    sheets = [_sheet(stream, start, RECALCID in seen) for start in starts]
    return CheckedBook(sheets, is_unicode or CODEPAGE in seen)


def _sheet(stream: bytes, at: int, is_calculated: bool) -> CheckedSheet:
    rows: set[bytes] = set()
    not_computed: set[tuple[int, int]] = set()
    depth = 0
    unpack = struct.Struct("<HH").unpack_from
    while True:
        kind, length = unpack(stream, at)
        if LENGTHS.get(kind, length) != length:
            raise Broken("a record of a wrong length")
        if kind in CELLS and depth == 1:
            rows.add(stream[at + 4 : at + 6])
        elif kind == FORMULA and not is_calculated and depth == 1:
            if stream[at + 10 : at + 18] in NO_RESULT:
                not_computed.add(unpack(stream, at + 4))
        elif kind == BOF:
            depth += 1
        elif kind == EOF:
            depth -= 1
            if depth <= 0:
                # After a sheet comes another one or nothing; otherwise a damaged length has faked its end.
                rest = stream[at + 4 :]
                if rest.strip(b"\0") and unpack(rest)[0] != BOF:
                    raise Broken("records after the end of a sheet")
                return CheckedSheet(len(rows), frozenset(not_computed))
        elif depth == 0:
            raise Broken("a sheet that begins with no BOF record")
        at += 4 + length
