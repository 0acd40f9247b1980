"""Damage to the bytes and lines of a file: what networks, disks and editors do."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from auyl.contracts.options import CsvOptions

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample

ENCODINGS = ("utf-8", "utf-8-sig", "cp1251", "utf-16", "koi8-r", "cp866")
TEXTS = frozenset(("csv", "json", "jsonl", "geojson", "xml"))
Change = Callable[[Random, "Sample", bytes], "tuple[bytes, str] | None"]


def truncate(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    at = random.randrange(1, len(content))
    return content[:at], f"cut at byte {at} of {len(content)}"


def truncate_at_line(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10][1:-1]
    if not ends or sample.contract.format not in TEXTS:
        return None
    at = random.choice(ends)
    return content[:at], f"cut behind a line, at byte {at} of {len(content)}"


def flip_bits(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    damaged = bytearray(content)
    places = [random.randrange(len(damaged)) for _ in range(random.choice((1, 1, 2, 5, 20)))]
    for at in places:
        damaged[at] ^= 1 << random.randrange(8)
    return bytes(damaged), f"bits flipped at {places[:5]}"


def overwrite(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    at, length = random.randrange(len(content)), random.choice((1, 16, 512))
    junk = random.randbytes(length) if random.random() < 0.5 else b"\0" * length
    return content[:at] + junk + content[at + length :], f"{length} bytes overwritten at {at}"


def insert_nuls(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    at, length = random.randrange(len(content)), random.choice((1, 3, 4096))
    return content[:at] + b"\0" * length + content[at:], f"{length} NULs at {at}"


def hole(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    at, length = random.randrange(len(content)), random.choice((1, 50, 1000))
    return content[:at] + content[at + length :], f"{length} bytes gone at {at}"


def lines(change: Callable[[Random, list[bytes]], str]) -> Change:
    """A change of a file by one of its lines, in place."""

    def mutate(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
        cut = content.splitlines(keepends=True)
        if sample.contract.format not in TEXTS or len(cut) < 4:
            return None
        what = change(random, cut)
        return b"".join(cut), what

    return mutate


def delete_line(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    del lines[at]
    return f"line {at + 1} gone"


def duplicate_line(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    lines.insert(random.randrange(len(lines)), lines[at])
    return f"line {at + 1} twice"


def swap_lines(random: Random, lines: list[bytes]) -> str:
    a, b = random.randrange(len(lines)), random.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return f"lines {a + 1} and {b + 1} swapped"


def blank_lines(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    lines[at:at] = [random.choice((b"\n", b"\r\n", b"  \n", b";;;;\n"))] * random.choice((1, 3))
    return f"blank lines before {at + 1}"


def unfinished_line(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines) - 1)
    end = b"\r\n" if lines[at].endswith(b"\r\n") else b"\n"
    lines[at] = lines[at][: random.randrange(max(1, len(lines[at])))].rstrip(b"\r\n") + end
    return f"line {at + 1} cut"


def joined_lines(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines) - 1)
    lines[at] = lines[at].rstrip(b"\r\n")
    return f"no line end after {at + 1}"


def line_ends(random: Random, lines: list[bytes]) -> str:
    end = random.choice((b"\r\n", b"\n", b"\r"))
    share = random.choice((1.0, 0.5))
    lines[:] = [line.rstrip(b"\r\n") + end if random.random() < share else line for line in lines]
    return f"{share:.0%} of lines end in {end!r}"


def quote(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    cut = random.randrange(len(lines[at]))
    lines[at] = lines[at][:cut] + b'"' + lines[at][cut:]
    return f"a quote in line {at + 1}"


def encoding(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    if sample.contract.format not in TEXTS:
        return None
    own = sample.contract.encoding if sample.contract.format == "csv" else "utf-8"
    other = random.choice([e for e in ENCODINGS if e != own])
    return content.decode(own).removeprefix("\ufeff").encode(other, errors="replace"), f"written in {other}"


def delimiter(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    if sample.contract.format != "csv":
        return None
    own = sample.contract.options(CsvOptions).delimiter.encode()
    other = random.choice([d for d in (b";", b",", b"\t", b"|") if d != own])
    if random.random() < 0.5:
        return content.replace(own, other), f"{other!r} for {own!r}"
    lines = content.splitlines(keepends=True)
    at = random.randrange(1, len(lines))
    lines[at] = lines[at].replace(own, other)
    return b"".join(lines), f"{other!r} for {own!r} in line {at + 1}"


def other_period(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    if sample.contract.format not in TEXTS or not sample.states_period:
        return None
    encoding = sample.contract.encoding if sample.contract.format == "csv" else "utf-8"
    text = content.decode(encoding)
    for ours, other in (("2026-10", "2026-09"), ("10.2026", "09.2026")):
        text = text.replace(ours, other)
    return (text.encode(encoding), "September in it") if text != content.decode(encoding) else None


def empty(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    made = random.choice((b"", b"\n", b"   ", b"\xef\xbb\xbf", b"\0" * 100, b"\xff\xfe", b"[]", b"{}", b"null"))
    return made, f"only {made[:8]!r}"


def wrong_magic(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    made = random.choice(
        (
            b"<html><body>502 Bad Gateway</body></html>\n", b"%PDF-1.4\n" + content, b"PK\x03\x04" + content,
            bytes.fromhex("d0cf11e0a1b11ae1") + content, b"\x1f\x8b\x08" + content, content[::-1],
            random.randbytes(2000),
        )
    )  # fmt: skip
    return made, f"begins with {made[:12]!r}"


def glued(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    return content + content, "the file twice in one"


def junk_behind(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    junk = random.choice((b"\x1a", b"ERROR: connection reset\n", b"\0" * 512, b"</html>", b"\n\n\n"))
    return content + junk, f"{junk[:12]!r} behind its end"
