"""Passwords: made and hashed (argon2id, RFC 9106 low-memory profile). Never logged, never in an error.

The database stores the salt and the sha256 of the hash; it compares, and answers neither (access.sign_in).
"""

import base64
import hashlib
import re
import secrets

import argon2
from argon2.low_level import Type, hash_secret_raw
from zxcvbn import zxcvbn

from auyl.access.errors import PasswordTooWeak

SHORTEST = 12
LONGEST = 128
LEAST_SCORE = 3  # zxcvbn: at least 10^8 guesses
# Its lists are English; these are what people here begin with.
_KNOWN = (
    "пароль", "құпиясөз", "йцукенгшщзхъ", "йцукен", "фывапролджэ", "ячсмитьбю", "қазақстан", "казахстан", "kazakhstan",
    "алматы", "almaty", "астана", "astana", "auyl", "ауыл", "akim", "әкім", "аким", "әкімдік", "акимат", "akimat",
    "parol", "qupiasoz", "любовь", "привет", "салем", "сәлем", "админ", "1941", "1945", "1991",
)  # fmt: skip
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike on a phone: i l o 0 1
_PARAMETERS = "$argon2id$v=19$m=65536,t=3,p=4$"


def make_password() -> str:
    """A random password of 79 bits in four groups, easy to type on a phone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def check(password: str, *names: str) -> str:
    """The password itself when it may be used by somebody with these names. Raises PasswordTooWeak.

    Rules of NIST SP 800-63B: long enough, not the person's name, none that others use; no demand for certain letters.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordTooWeak("length", f"a password has {SHORTEST} to {LONGEST} characters")
    if "\0" in password:
        raise PasswordTooWeak("nul", "a password has no NUL character")
    parts = {part for name in names for part in re.split(r"[^\w]|_", name.lower()) if len(part) > 2}
    # What is left without the names must be a password: «akim_shelek2026» is none.
    left = password.lower()
    for part in sorted({*(name.lower() for name in names), *parts}, key=len, reverse=True):
        left = left.replace(part, "") if part else left
    if left != password.lower() and len(re.sub(r"[\W_]|[0-9]{4}", "", left)) < SHORTEST / 2:
        raise PasswordTooWeak("name", "a password is not the name of its account")
    # The estimate takes long for long texts, and a good beginning is enough.
    if zxcvbn(password[:40], [*names, *parts, *_KNOWN])["score"] < LEAST_SCORE:
        raise PasswordTooWeak("guessed", "the password is one of those that are guessed first: longer, or other words")
    return password


def verifier_of(password: str, *names: str) -> tuple[str, bytes]:
    """A new salt with its parameters, and the verifier of 32 bytes. Raises PasswordTooWeak."""
    check(password, *names)
    salt = _PARAMETERS + base64.b64encode(secrets.token_bytes(16)).decode().rstrip("=")
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
