"""Does a text read as Russian or Kazakh in the contract's encoding? A guess only explains a refusal."""

from __future__ import annotations

import codecs
import math
import mmap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from auyl.contracts import Contract
from auyl.errors import ExtractRefused
from auyl.formats.common import line_of_byte

SAMPLE_BYTES = 1 << 16
OTHERS = ("cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5")
# Letters of Russian and Kazakh documents, the most frequent first, with the substitutes of 8-bit Kazakh fonts (macro
# kazakh_letters).
BY_FREQUENCY = "аеоинтсрлкымдувйбзгпьяқішчжңүғхөәюцұщфэёһъќњўїєѕґјћ"
PUNCTUATION = "№«»„“”’–—…·°\u00a0\ufeff"
LETTERS_TO_JUDGE = 200
# Nats per character by which another encoding must be likelier; the right encoding leads by 0.5 or more.
MARGIN = 0.25
ORDINARY = -3.0


def guess(content: bytes) -> str:
    """The encoding that `charset-normalizer` sees, in words; only a hint for people."""
    from charset_normalizer import from_bytes

    best = from_bytes(content[:SAMPLE_BYTES]).best()
    return f"bytes that look like {best.encoding}" if best else "bytes of no known encoding"


def check_text(contract: Contract, file: Path, encoding: str) -> None:
    """Refuse a file whose bytes decode in `encoding` but are no Russian or Kazakh text. Raises ExtractRefused.

    Every byte is a letter in an 8-bit encoding, so the first 64 KiB are checked: are they valid UTF-8, and are their
    letters clearly likelier in another Cyrillic encoding?
    """
    with file.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
    is_unicode = encoding.startswith("utf")
    if not ((_is_utf8(sample) and not is_unicode) or reads_wrong(sample, encoding)):
        return
    first = next((at for at, byte in enumerate(sample) if byte > 127), 0)
    raise contract.refusal(
        file, f"text in {encoding}", f"letters in an unlikely order; {guess(sample)}", line_of_byte(file, first)
    )


def _is_utf8(sample: bytes) -> bool:
    if sample.isascii():
        return False
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(sample)
    except UnicodeError:
        return False
    return True


def reads_wrong(sample: bytes, encoding: str) -> bool:
    """Are the bytes, decoded as `encoding`, clearly not Russian or Kazakh? False when there are few letters."""
    if encoding.startswith("utf"):
        try:
            text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
        except UnicodeError:  # UTF-16 without its byte order mark; the strict decoder refuses it later
            return False
        if _beyond_ascii(text) < LETTERS_TO_JUDGE:
            return False
        declared = likelihood(_pairs(text))
        # UTF-8 that was decoded as Latin or cp1251 and encoded again.
        return declared < ORDINARY and any(
            _once(text, other) > declared + MARGIN for other in ("latin-1", "cp1252", "cp1251")
        )
    if len(sample) - len(sample.translate(None, _BEYOND_ASCII)) < LETTERS_TO_JUDGE:
        return False
    bytewise = [*_count_pairs(sample, "u1")]
    try:
        declared, *others = (
            likelihood(_decoded(bytewise, other)) for other in (encoding, *(o for o in OTHERS if o != encoding))
        )
    except UnicodeError:  # a multi-byte encoding
        return False
    return any(other > declared + MARGIN for other in others)


_BEYOND_ASCII = bytes(range(128, 256))


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", errors="ignore"))


def _count_pairs(content: bytes, code: str) -> Iterator[tuple[int, int, int]]:
    """Each code beyond ASCII with the one before it, and how often; numpy calls their type `code`."""
    import numpy as np

    codes = np.frombuffer(content, code)
    places = np.flatnonzero(codes[1:] > 127)
    pairs = codes[places].astype("u8") << np.uint64(32) | codes[places + 1]
    different, times = np.unique(pairs, return_counts=True)
    yield from zip(
        (different >> np.uint64(32)).tolist(), (different & 0xFFFF_FFFF).tolist(), times.tolist(), strict=True
    )


def _decoded(pairs: Iterable[tuple[int, int, int]], encoding: str) -> Counter[tuple[str, str]]:
    letters = [bytes([byte]).decode(encoding, errors="replace") for byte in range(256)]
    pairs_of_letters: Counter[tuple[str, str]] = Counter()
    for before, byte, times in pairs:
        pairs_of_letters[letters[before], letters[byte]] += times
    return pairs_of_letters


def _once(text: str, other: str) -> float:
    once = text.encode(other, errors="replace").decode("utf-8", errors="replace")
    enough = 4 * _beyond_ascii(once) > _beyond_ascii(text)
    return likelihood(_pairs(once)) if enough else -math.inf


def _pairs(text: str) -> dict[tuple[str, str], int]:
    codes = (" " + text).encode("utf-32-le", "surrogatepass")
    return {(chr(before), chr(letter)): times for before, letter, times in _count_pairs(codes, "<u4")}


def likelihood(pairs: Mapping[tuple[str, str], int]) -> float:
    """Mean log likelihood of the non-ASCII characters, by rank of the letter and by capitals inside words."""
    total, count = 0.0, 0
    for (before, letter), times in pairs.items():
        if letter > "\x7f":
            count += times
            rank = BY_FREQUENCY.find(letter.lower())
            if rank >= 0:
                total -= times * (math.log(rank + 3) + (2 if letter.isupper() and before.islower() else 0))
            else:
                total -= times * (3 if letter in PUNCTUATION else 8)
    return total / max(count, 1)


def check_no_nul(contract: Contract, file: Path, content: bytes | mmap.mmap) -> None:
    """Refuse a text with a NUL, which PostgreSQL does not accept. Raises ExtractRefused."""
    at = content.find(b"\0")
    if at >= 0:
        line = content[:at].count(b"\n") + 1
        raise contract.refusal(file, "a text", "a NUL in it", line)


def undecodable(contract: Contract, file: Path, encoding: str, position: int) -> ExtractRefused:
    """The refusal for a byte that `encoding` does not have; the hint comes from the text around it."""
    with file.open("rb") as stream:
        stream.seek(max(0, position - SAMPLE_BYTES // 2))
        around = stream.read(SAMPLE_BYTES)
        stream.seek(position)
        byte = stream.read(1)
    found = f"byte 0x{byte.hex()}, which {encoding} does not have; {guess(around)}"
    return contract.refusal(file, f"text in {encoding}", found, line_of_byte(file, position))
