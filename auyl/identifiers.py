"""The keyed hash of ИИН and other personal texts, for single values.

The same rule stands as a DuckDB macro in `include/sql/macros/40_secrecy.sql`, where tables are worked on; a test holds
the two equal.
"""

from __future__ import annotations

import hashlib
import hmac

HASH_DIGITS = 32
_BLOCK = 64  # block of SHA-256 in bytes, RFC 2104


def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer 64-byte pads of HMAC-SHA256 for the macro `keyed_hash(text, key_inner, key_outer)`.

    Bind them as parameters. They are as secret as the key.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def key_fingerprint(key: bytes) -> str:
    """16 hexadecimal digits that tell one key from another and nothing of the key: HMAC-SHA256 of a fixed text."""
    return hmac.new(key, b"auyl: fingerprint of the hash key", hashlib.sha256).hexdigest()[:16]


def keyed_hash(text: str | None, key: bytes) -> str | None:
    """First 32 hexadecimal digits (128 bits) of HMAC-SHA256 of the text in UTF-8; None for None.

    128 bits keep a chance clash of 20 million persons below 1e-24.
    """
    if text is None:
        return None
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:HASH_DIGITS]
