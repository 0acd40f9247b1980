"""The lines of a text file, decoded: one reader for all formats that are made of lines.

It decides where lines end and how they are numbered, what stands after the text (Ctrl-Z of DOS, padding of blocks),
and which lines are not in the encoding of the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auyl.contracts import Contract
from auyl.formats.common import Reject
from auyl.formats.encoding import SAMPLE_BYTES, guess, undecodable

CHUNK_BYTES = 1 << 23
MAX_LINE_BYTES = 1 << 24
# Titles and dates may stand above the heading of a table.
HEADING_WITHIN_LINES = 30
# Stands for a line that is not in the encoding: no text has a NUL.
UNDECODABLE = "\0"
# With a greater share of such lines the whole file is taken to be in another encoding.
FEW = 0.05
CTRL_Z = "\x1a"
END_MARKS = b"\0\x1a"
# For bytes translated by _KINDS: two Cyrillic letters of UTF-8, which are no text in any 8-bit encoding.
_KINDS = bytes(ord("L" if 0xD0 <= b <= 0xD3 else "c" if 0x80 <= b <= 0xBF else ".") for b in range(256))
_TWO_LETTERS = b"LcLc"


def encoding_of(contract: Contract, file: Path) -> str:
    """UTF-8 if the file begins with its byte order mark, else the contract's encoding."""
    with file.open("rb") as stream:
        marked = stream.read(3) == codecs.BOM_UTF8
    return "utf-8-sig" if marked else codecs.lookup(contract.encoding).name


@dataclass(frozen=True)
class Chunk:
    """Lines that follow one another, from line `number`, without their line ends.

    Where not all lines end as the first of the file does (`is_plain` is false), a CR or LF stays in its line: at the
    end of one that ends in LF in a file of CRLF, and wherever a sign stands that ends no line in this file.
    """

    number: int
    lines: list[str]
    is_plain: bool


class Lines:
    """The lines of one file. `rejects` are those not in its encoding, known when all were read."""

    def __init__(self, contract: Contract, file: Path, encoding: str, final_newline: bool, line_end: str = "") -> None:
        """`line_end` is how lines end, by default as the first of the file does."""
        self._contract, self._file, self._final = contract, file, final_newline
        self._encoding = encoding.removesuffix("-sig")
        self._is_wide = self._encoding.startswith(("utf-16", "utf-32"))
        size = file.stat().st_size
        self._size, self._is_ended = (size, False) if self._is_wide else _end(file, size)
        self.rejects: list[Reject] = []
        self._odd_bytes = ""
        self.line_end = line_end

    def chunks(self) -> Iterator[Chunk]:
        """All lines in order; `UNDECODABLE` for those that are not in the encoding.

        Raises ExtractRefused: a NUL, a line of more than 16 MiB, a last line without a line end (`final_newline`),
        bytes that the encoding does not have in more than a few lines.
        """
        number, text = 1, ""
        for block in self._blocks():
            text = block if isinstance(block, str) else self._decode(block, number)
            line_ends = text.count(self.line_end)
            is_plain = all(text.count(sign) == (line_ends if sign in self.line_end else 0) for sign in "\r\n")
            lines = self._split(text, is_plain)
            yield Chunk(number, lines, is_plain)
            number += len(lines)
            self._check_share(number - 1, 0.5)
        if self._final and text and not (text.endswith(self.line_end[-1]) or self._is_ended):
            found = "a file that stops in a line, as one cut short does"
            expected = "a line end after the last line (or finalNewline: false in the contract)"
            raise self._contract.refusal(self._file, expected, found, number - 1)
        self._check_share(number - 1, FEW)

    def _split(self, text: str, is_plain: bool) -> list[str]:
        cut = self.line_end if is_plain else self.line_end[-1]
        *lines, last = text.split(cut)
        if not is_plain and self.line_end == "\r\n":
            lines = [line[:-1] if line.endswith("\r") else line + "\n" for line in lines]
        return [*lines, last] if last else lines

    def _blocks(self) -> Iterator[bytes | str]:
        """The file in pieces of whole lines; as text where characters are of several bytes each."""
        decoder = codecs.getincrementaldecoder(self._encoding)("strict") if self._is_wide else None
        # Bytes, or text with a decoder.
        rest: Any = "" if decoder else b""
        number = 1
        with self._file.open("rb") as stream:
            done = 3 if not decoder and stream.read(3) == codecs.BOM_UTF8 else 0
            stream.seek(done)
            while done < self._size or rest:
                data: Any = stream.read(min(CHUNK_BYTES, self._size - done))
                before, done = done, done + len(data)
                if decoder:
                    try:
                        data = decoder.decode(data, final=done >= self._size)
                    except UnicodeError as error:
                        if not isinstance(error, UnicodeDecodeError):
                            found = "no byte order mark"
                            raise self._contract.refusal(self._file, f"text in {self._encoding}", found, 1) from error
                        place = before + error.start
                        raise undecodable(self._contract, self._file, self._encoding, place) from error
                block = rest + data
                if decoder and done >= self._size:
                    whole = block.rstrip(END_MARKS.decode())
                    self._is_ended, block = CTRL_Z in block[len(whole) :], whole
                if not self.line_end:
                    is_short = done < self._size and len(block) <= MAX_LINE_BYTES
                    if is_short and ("\n" if decoder else b"\n") not in block:
                        rest = block
                        continue
                    self.line_end = _line_end(block)
                cut = self.line_end[-1] if decoder else self.line_end[-1].encode()
                end = block.rfind(cut) + 1 if done < self._size else len(block)
                if end == 0 and len(block) > MAX_LINE_BYTES:
                    limit = f"lines of at most {MAX_LINE_BYTES:,} bytes"
                    raise self._contract.refusal(self._file, limit, "a longer one", number)
                nul = block.find("\0" if decoder else b"\0", 0, end)
                if nul >= 0:
                    line = number + block.count(cut, 0, nul)
                    raise self._contract.refusal(self._file, "a text", "a NUL in it", line)
                if end:
                    yield block[:end]
                number += block.count(cut, 0, end)
                rest = block[end:]

    def _decode(self, block: bytes, number: int) -> str:
        is_unicode = self._encoding == "utf-8"
        if is_unicode or block.translate(_KINDS).find(_TWO_LETTERS) < 0:
            try:
                return block.decode(self._encoding)
            except UnicodeDecodeError:
                pass
        lines = []
        cut = self.line_end[-1]
        for line, content in enumerate(block.split(cut.encode()), start=number):
            text = _decoded(content, self._encoding)
            is_other = not is_unicode and content.translate(_KINDS).find(_TWO_LETTERS) >= 0
            other = _decoded(content, "utf-8") if is_other else None
            if text is None or other is not None:
                shown = other or content.decode(self._encoding, "backslashreplace")
                self.rejects.append(Reject(self._file.name, line, shown.strip("\r"), "line_not_in_encoding"))
                self._odd_bytes = self._odd_bytes or _odd_byte(content, self._encoding)
                text = UNDECODABLE + "\r" * content.endswith(b"\r")
            lines.append(text)
        return cut.join(lines)

    def _check_share(self, lines: int, most: float) -> None:
        if len(self.rejects) <= most * lines:
            return
        line = self.rejects[0].line
        with self._file.open("rb") as stream:
            hint = guess(stream.read(SAMPLE_BYTES))
        found = f"{self._odd_bytes} in {len(self.rejects):,} of {lines:,} lines; {hint}"
        raise self._contract.refusal(self._file, f"text in {self._encoding}", found, line)


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _odd_byte(content: bytes, encoding: str) -> str:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return f"byte 0x{content[error.start]:02x}, which {encoding} does not have,"
    return "letters of UTF-8"


def _line_end(start: bytes | str) -> str:
    """How the first line ends that does not end in quotes. A CR is a line end of its own only in files of old Macs."""
    text = start if isinstance(start, str) else start.decode("latin-1")
    at = first = text.find("\n")
    for _ in range(HEADING_WITHIN_LINES):
        if at < 0 or text.count('"', 0, at) % 2 == 0:
            break
        at = text.find("\n", at + 1)
    at = max(at, first)
    if at >= 0:
        return "\r\n" if text[at - 1 : at] == "\r" else "\n"
    return "\r" if "\r" in text else "\n"


def _end(file: Path, size: int) -> tuple[int, bool]:
    """Where the text of a file ends, and whether a Ctrl-Z says so.

    Programs of DOS end a text with Ctrl-Z, and transfers by blocks fill the last one with NULs.
    """
    is_ended = False
    with file.open("rb") as stream:
        while size:
            begin = max(0, size - (1 << 16))
            stream.seek(begin)
            block = stream.read(size - begin)
            text = block.rstrip(END_MARKS)
            is_ended = is_ended or CTRL_Z.encode() in block[len(text) :]
            size = begin + len(text)
            if text:
                break
    return size, is_ended
