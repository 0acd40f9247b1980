"""Passwords: made and hashed (argon2id, RFC 9106 low-memory profile). Never logged, never in an error.

The database stores the salt and the sha256 of the hash; it compares, and answers neither (access.sign_in).
"""

import base64
import hashlib
import secrets

import argon2
from argon2.low_level import Type, hash_secret_raw

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


def verifier_of(password: str) -> tuple[str, bytes]:
    """A new salt with its parameters, and the verifier of 32 bytes. Raises PasswordTooWeak."""
    salt = _hasher.hash(check(password)).rpartition("$")[0]
    return salt, hashlib.sha256(proof_of(password, salt)).digest()


def proof_of(password: str, salt: str) -> bytes:
    """The argon2id hash of a password under `salt`, as `access.password_salt` answers it: parameters and salt."""
    parameters = argon2.extract_parameters(f"{salt}$" + "A" * 43)
    return hash_secret_raw(
        password[: LONGEST + 1].encode("utf-8", "surrogatepass"),
        base64.b64decode(salt.rpartition("$")[2] + "=="),
        parameters.time_cost,
        parameters.memory_cost,
        parameters.parallelism,
        parameters.hash_len,
        Type.ID,
        parameters.version,
    )
