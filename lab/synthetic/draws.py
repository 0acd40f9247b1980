"""Chance in Python, as `engine` has it in SQL: every draw is a hash of seed, salt and key."""

from __future__ import annotations

import hashlib
import math


def unit(seed: int, salt: str, key: str) -> float:
    """A draw from [0, 1)."""
    digest = hashlib.blake2b(f"{seed}|{salt}|{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def normal(seed: int, salt: str, key: str) -> float:
    """A draw from the standard normal distribution (Box–Muller)."""
    u, v = unit(seed, salt + "u", key), unit(seed, salt + "v", key)
    return math.sqrt(-2 * math.log(u + 1e-12)) * math.cos(2 * math.pi * v)
