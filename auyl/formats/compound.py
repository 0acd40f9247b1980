"""Compound files (OLE): the container of old workbooks, and of new ones that are locked with a password."""

from __future__ import annotations

import struct

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
END_OF_CHAIN = 0xFFFFFFFA
# The stream that holds a document which is locked with a password.
ENCRYPTED = "EncryptedPackage"


class Broken(Exception):
    """Damage, in words."""


class Compound:
    """The streams in a compound file. Raises Broken, struct.error and IndexError for damage."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise Broken("a header with impossible sector sizes")
        directory_at, self._cutoff, self._mini_at, difat_at = (
            struct.unpack_from("<I", content, at)[0] for at in (48, 56, 60, 68)
        )
        self._sector = 1 << shift
        self._max_sectors = len(content) // self._sector + 1
        self._table = self._allocation(difat_at)
        directory = self._chain(directory_at)
        self.entries: dict[str, tuple[int, int]] = {}
        for at in range(0, len(directory) - 127, 128):
            length, kind = struct.unpack_from("<HxB", directory, at + 64)[0], directory[at + 66]
            name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", errors="replace")
            if kind:
                self.entries.setdefault(name, struct.unpack_from("<II", directory, at + 116))

    def _block(self, number: int) -> bytes:
        start = (number + 1) * self._sector
        if start >= len(self._content):
            raise Broken(f"a file cut short: sector {number} lies after its end")
        return self._content[start : start + self._sector]

    def _allocation(self, difat_at: int) -> list[int]:
        difat = list(struct.unpack_from("<109I", self._content, 76))
        while difat_at < END_OF_CHAIN and len(difat) <= self._max_sectors + 109:
            *more, difat_at = struct.unpack(f"<{self._sector // 4}I", self._block(difat_at))
            difat += more
        table: list[int] = []
        for number in difat:
            if number < END_OF_CHAIN:
                table += struct.unpack(f"<{self._sector // 4}I", self._block(number))
        return table

    def _chain(self, start: int) -> bytes:
        parts: list[bytes] = []
        while start < END_OF_CHAIN:
            if len(parts) > self._max_sectors:
                raise Broken("sectors that follow each other in a circle")
            parts.append(self._block(start))
            start = self._table[start]
        return b"".join(parts)

    def stream(self, name: str) -> bytes:
        """The content of a stream."""
        start, size = self.entries[name]
        if size >= self._cutoff:
            stream = self._chain(start)
        else:
            mini, small = self._chain(self.entries["Root Entry"][0]), self._chain(self._mini_at)
            stream = b""
            while start < END_OF_CHAIN and len(stream) < size:
                stream += mini[start * 64 : start * 64 + 64]
                (start,) = struct.unpack_from("<I", small, start * 4)
        if len(stream) < size:
            raise Broken(f"a workbook of {len(stream):,} bytes of {size:,}")
        return stream[:size]


def stream_names(content: bytes) -> frozenset[str]:
    """Names of the streams in a compound file; none if it is damaged."""
    try:
        return frozenset(Compound(content).entries)
    except (Broken, struct.error, IndexError):
        return frozenset()
