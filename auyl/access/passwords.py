"""Passwords: made, hashed (argon2id, RFC 9106 low-memory profile), compared. Never logged, never in an error."""

import functools
import secrets

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from auyl.access.errors import PasswordTooWeak

SHORTEST = 12
LONGEST = 128
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike on a phone: i l o 0 1
_hasher = argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)


def make_password() -> str:
    """A random password of 79 bits in four groups, easy to type on a phone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def check(password: str) -> str:
    """The password itself when it is long enough. Raises PasswordTooWeak."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordTooWeak(f"a password has {SHORTEST} to {LONGEST} characters")
    if "\0" in password:
        raise PasswordTooWeak("a password has no NUL character")
    return password


def hash_of(password: str) -> str:
    """Encoded argon2id hash with its salt and parameters. Raises PasswordTooWeak."""
    return _hasher.hash(check(password))


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash. Without a hash (nobody of that name) the work is the same."""
    try:
        same = _hasher.verify(password_hash or _nobodys_hash(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return same and password_hash is not None
