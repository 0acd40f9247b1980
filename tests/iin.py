"""ИИН and БИН one at a time: what the macros of `include/sql/macros/20_identifiers.sql` are checked against."""

import re
from datetime import date

FIRST_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
# [0-9] and not str.isdigit, which also takes digits of other scripts
_TWELVE = re.compile(r"[0-9]{12}")
_ELEVEN = re.compile(r"[0-9]{11}")
_BIN = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])[456][0-4][0-9]{6}")
_CENTURY = {"1": 1800, "2": 1800, "3": 1900, "4": 1900, "5": 2000, "6": 2000}


def check_digit(first_eleven: str) -> str | None:
    """Check digit of an ИИН or БИН from its first eleven digits.

    None where both passes give 10: such a number is never issued. Raises ValueError when the text is not eleven
    ASCII digits. Rule: weighted sum modulo 11, second weights when it is 10 (order МВД № 521 of 29.06.2023).
    """
    if not _ELEVEN.fullmatch(first_eleven):
        raise ValueError("expected eleven ASCII digits")
    digits = [int(sign) for sign in first_eleven]
    for weights in (FIRST_WEIGHTS, SECOND_WEIGHTS):
        rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        if rest < 10:
            return str(rest)
    return None


def iin_is_valid(text: str | None) -> bool:
    """Twelve ASCII digits with a right check digit; False for None. The date inside is not looked at."""
    return text is not None and bool(_TWELVE.fullmatch(text)) and check_digit(text[:11]) == text[11]


def bin_is_valid(text: str | None) -> bool:
    """A БИН: month 01-12, fifth digit 4-6, sixth 0-4, right check digit; False for None."""
    return text is not None and bool(_BIN.fullmatch(text)) and iin_is_valid(text)


def iin_birth_date(text: str | None) -> date | None:
    """Birth date of the first seven digits; None where there is no such day or century.

    The check digit is not asked.
    """
    if not text or not _TWELVE.fullmatch(text) or text[6] not in _CENTURY:
        return None
    try:
        return date(_CENTURY[text[6]] + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None


def iin_sex(text: str | None) -> str | None:
    """'m' or 'f' of the seventh digit, else None."""
    if not text or not _TWELVE.fullmatch(text) or text[6] not in _CENTURY:
        return None
    return "m" if text[6] in "135" else "f"
