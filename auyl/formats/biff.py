"""Damage of old workbooks (XLS, BIFF5 and BIFF8) that the library which reads them does not notice.

The format has no checksum, and the library accepts a truncated stream as complete. So the compound file is walked here:
every sheet must reach its end mark, and its rows with cells are counted for comparison.
"""

from __future__ import annotations

import struct
from pathlib import Path

from auyl.contracts import Contract

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
BOF, EOF, BOUNDSHEET, FILEPASS = 0x809, 0x0A, 0x85, 0x2F
# RK, MULRK, NUMBER, LABEL, LABELSST, RSTRING, BOOLERR: cells with a constant.
CELLS = frozenset((0x27E, 0xBD, 0x203, 0x204, 0xFD, 0xD6, 0x205))
# Length of the records that always have the same: ROW, BLANK, RK, NUMBER, LABELSST, BOOLERR.
LENGTHS = {0x208: 16, 0x201: 6, 0x27E: 10, 0x203: 14, 0xFD: 10, 0x205: 8}
END_OF_CHAIN = 0xFFFFFFFA


class _Broken(Exception):
    pass


def rows_by_sheet(contract: Contract, file: Path) -> list[int]:
    """The number of rows with a constant cell in each worksheet, in order.

    Raises ExtractRefused for a file that is no old workbook, truncated, damaged or locked with a password.
    """
    content = file.read_bytes()
    if not content.startswith(MAGIC):
        kind = "a ZIP archive (XLSX?)" if content.startswith(b"PK") else f"a file that begins with {content[:16]!r}"
        raise contract.refusal(file, "an old workbook (XLS)", kind)
    try:
        return _sheets(_workbook(content))
    except (_Broken, struct.error, IndexError) as error:
        found = str(error) if isinstance(error, _Broken) else "a record that breaks off"
        raise contract.refusal(file, "a whole old workbook (XLS)", found) from error


def _workbook(content: bytes) -> bytes:
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise _Broken("a header with impossible sector sizes")
    first_directory, cutoff, first_mini, difat_at = (
        struct.unpack_from("<I", content, at)[0] for at in (48, 56, 60, 68)
    )
    sector = 1 << shift
    max_sectors = len(content) // sector + 1

    def block(number: int) -> bytes:
        start = (number + 1) * sector
        if start >= len(content):
            raise _Broken(f"a file cut short: sector {number} lies after its end")
        return content[start : start + sector]

    difat = list(struct.unpack_from("<109I", content, 76))
    while difat_at < END_OF_CHAIN and len(difat) <= max_sectors + 109:
        *more, difat_at = struct.unpack(f"<{sector // 4}I", block(difat_at))
        difat += more
    table: list[int] = []
    for number in difat:
        if number < END_OF_CHAIN:
            table += struct.unpack(f"<{sector // 4}I", block(number))

    def chain(start: int) -> bytes:
        parts: list[bytes] = []
        while start < END_OF_CHAIN:
            if len(parts) > max_sectors:
                raise _Broken("sectors that follow each other in a circle")
            parts.append(block(start))
            start = table[start]
        return b"".join(parts)

    directory = chain(first_directory)
    entries: dict[str, tuple[int, int]] = {}
    for at in range(0, len(directory) - 127, 128):
        length, kind = struct.unpack_from("<HxB", directory, at + 64)[0], directory[at + 66]
        name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", errors="replace")
        if kind:
            entries.setdefault(name, struct.unpack_from("<II", directory, at + 116))
    start, size = entries.get("Workbook") or entries.get("Book") or (0, 0)
    if not size:
        raise _Broken(f"no stream «Workbook» among {', '.join(entries) or 'none'}")
    if size >= cutoff:
        stream = chain(start)
    else:
        mini, small = chain(entries["Root Entry"][0]), chain(first_mini)
        stream = b""
        while start < END_OF_CHAIN and len(stream) < size:
            stream += mini[start * 64 : start * 64 + 64]
            (start,) = struct.unpack_from("<I", small, start * 4)
    if len(stream) < size:
        raise _Broken(f"a workbook of {len(stream):,} bytes of {size:,}")
    return stream[:size]


def _sheets(stream: bytes) -> list[int]:
    starts: list[int] = []
    at = 0
    while True:
        kind, length = struct.unpack_from("<HH", stream, at)
        if at == 0 and kind != BOF:
            raise _Broken("a workbook that begins with no BOF record")
        if kind == FILEPASS:
            raise _Broken("a password")
        if kind == BOUNDSHEET:
            offset, _, sheet_type = struct.unpack_from("<IBB", stream, at + 4)
            if sheet_type == 0:
                starts.append(offset)
        at += 4 + length
        if kind == EOF:
            break
    if not starts:
        raise _Broken("a workbook without a sheet")
    return [_rows(stream, start) for start in starts]


def _rows(stream: bytes, at: int) -> int:
    rows: set[bytes] = set()
    depth = 0
    unpack = struct.Struct("<HH").unpack_from
    while True:
        kind, length = unpack(stream, at)
        if LENGTHS.get(kind, length) != length:
            raise _Broken("a record of a wrong length")
        if kind in CELLS and depth == 1:
            rows.add(stream[at + 4 : at + 6])
        elif kind == BOF:
            depth += 1
        elif kind == EOF:
            depth -= 1
            if depth <= 0:
                # After a sheet comes another one or nothing; otherwise a damaged length has faked its end.
                rest = stream[at + 4 :]
                if rest.strip(b"\0") and unpack(rest)[0] != BOF:
                    raise _Broken("records after the end of a sheet")
                return len(rows)
        elif depth == 0:
            raise _Broken("a sheet that begins with no BOF record")
        at += 4 + length
