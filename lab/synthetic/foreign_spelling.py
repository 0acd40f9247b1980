"""How names are spelled by other people: colloquial forms, Russian for Kazakh letters, Latin alphabets, slips of keys.

Written from the languages and the keyboards. It must not be compared with, or copied from, the folding of names
in `include/sql/macros/60_linkage.sql`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

# Pairs of spellings that the same person meets in different papers. Each is tried in both directions.
COLLOQUIAL: Sequence[tuple[str, str]] = (
    ("жан", "джан"),
    ("ахмет", "ахмед"),
    ("бек", "бег"),
    ("ей", "ай"),
    ("али", "алий"),
    ("гали", "галы"),
    ("хан", "кан"),
    ("кызы", "кизи"),
    ("мухамед", "мухамбет"),
    ("мурат", "мурад"),
    ("ия", "ья"),
    ("ен", "ин"),
    ("нн", "н"),
    ("ым", "им"),
    ("сс", "с"),
    ("лла", "ла"),
    ("ие", "ье"),
    ("е", "э"),
    ("жу", "джу"),
    ("ау", "ав"),
    ("зы", "зи"),
    ("гуль", "гул"),
    ("тай", "дай"),
    ("ыл", "ил"),
    ("уа", "ва"),
    ("рахм", "рахым"),
    ("ый", "ий"),
    ("йы", "и"),
)

# Cyrillic for Kazakh letters, as clerks with a Russian keyboard type them: by shape, by sound, by an older rule.
RUSSIFIED: Sequence[dict[str, str]] = (
    dict(zip("әғқңөұүһі", "агкноуухи", strict=True)),
    dict(zip("әғқңөұүһі", "эгкноуюги", strict=True)),
    dict(zip("әғқңөұүһі", "агкноуухы", strict=True)),
    dict(zip("әғқңөұүһі", "ягхнеуюхи", strict=True)),
)

_COMMON = dict(zip("абвгдезклмнопрстуфөүұіңғқә", "abvgdezklmnoprstufouuingka", strict=True)) | {"ь": "", "ъ": ""}
LATIN: Sequence[dict[str, str]] = (
    # passports since 2013 (ICAO 9303)
    _COMMON
    | {"ё": "e", "ж": "zh", "и": "i", "й": "i", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ы": "y"}
    | {"э": "e", "ю": "iu", "я": "ia", "һ": "h"},
    # passports before, and most letters
    _COMMON
    | {"ё": "yo", "ж": "zh", "и": "i", "й": "y", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ы": "y"}
    | {"э": "e", "ю": "yu", "я": "ya", "һ": "kh", "ғ": "gh", "қ": "q"},
    # the Kazakh alphabet of 2021
    _COMMON
    | {"ё": "io", "ж": "j", "и": "i", "й": "i", "х": "h", "ц": "ts", "ч": "ch", "ш": "ş", "щ": "ş", "ы": "y", "э": "e"}
    | {"ю": "iu", "я": "ia", "һ": "h", "ә": "ä", "ө": "ö", "ү": "ü", "ұ": "ū", "ғ": "ğ", "қ": "q", "ң": "ñ", "у": "u"},
    # bank cards and old visas
    _COMMON
    | {"ё": "yo", "ж": "j", "и": "i", "й": "y", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "sh", "ы": "i", "э": "e"}
    | {"ю": "yu", "я": "ya", "һ": "h"},
    # ISO 9, as libraries and statistics write
    _COMMON
    | {"ё": "ë", "ж": "ž", "и": "i", "й": "j", "х": "h", "ц": "c", "ч": "č", "ш": "š", "щ": "ŝ", "ы": "y", "э": "è"}
    | {"ю": "û", "я": "â", "һ": "h"},
)

_KEYBOARD = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")


def _recase(like: str, text: str) -> str:
    return (
        text.upper()
        if len(like) > 1 and like.isupper()
        else text[:1].upper() + text[1:]
        if like[:1].isupper()
        else text
    )


def respell(text: str, letters: dict[str, str]) -> str:
    """The text in another alphabet, letter by letter; capitals stay capitals."""
    written = "".join(letters.get(letter, letter) for letter in text.lower())
    return _recase(text, written)


def colloquial(text: str, pair: tuple[str, str], chance: Random) -> str:
    """The text with one spelling for the other, in a direction that its letters allow; else unchanged."""
    low, (one, two) = text.lower(), pair
    ways = [(a, b) for a, b in ((one, two), (two, one)) if a in low[1 if len(a) < 3 else 0 :]]
    if not ways:
        return text
    old, new = chance.choice(ways)
    start = low.rindex(old)
    return _recase(text, low[:start] + new + low[start + len(old) :])


def keyboard_slip(text: str, chance: Random) -> str:
    """The text with one slip: a neighbouring key, a letter left out or doubled, or two letters in the wrong order."""
    if len(text) < 4:
        return text
    at = chance.randrange(len(text) - 1)
    slips: Sequence[Callable[[], str]] = (
        lambda: text[:at] + _neighbour(text[at], chance) + text[at + 1 :],
        lambda: text[:at] + text[at + 1 :],
        lambda: text[: at + 1] + text[at:],
        lambda: text[:at] + text[at + 1] + text[at] + text[at + 2 :],
    )
    return _recase(text, chance.choice(slips)().lower())


def _neighbour(letter: str, chance: Random) -> str:
    for row in _KEYBOARD:
        at = row.find(letter.lower())
        if at >= 0:
            return chance.choice([row[n] for n in (at - 1, at + 1) if 0 <= n < len(row)])
    # Kazakh letters lie on the row of digits, where a slip gives a digit or nothing.
    return chance.choice(["", "8", "9"]) if re.match("[әіңғүұқөһ]", letter.lower()) else letter
