"""Spellings of a name for single values; the same rules as `include/sql/macros/10_text.sql`, held equal by a test."""

from __future__ import annotations

import re

LEGACY_SLOTS = str.maketrans("ЌЄЅҐЎЇЈЋќєѕґўїјћ", "ҚҒҢӨҰҮӘҺқғңөұүәһ")
TO_LEGACY_SLOTS = str.maketrans("ҚҒҢӨҰҮӘҺқғңөұүәһ", "ЌЄЅҐЎЇЈЋќєѕґўїјћ")
"""How 8-bit Kazakh fonts wrote Kazakh letters in cp1251; verified on the ГБД ФЛ district dictionary."""

_FOLD = str.maketrans("ЁёӘәҒғҚқҢңӨөҰұҮүҺһІіЌќЄєЅѕҐґЎўЇїЈјЋћ", "ЕеАаГгКкНнОоУуУуХхИиКкГгНнОоУуУуАаХх")
_LOOK_ALIKES = str.maketrans("ABEKMHOPCTXYIƏaekmopcxyithə", "АВЕКМНОРСТХУІӘаекморсхуітһә")
_CYRILLIC = re.compile("[А-Яа-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі]")
_OTHER_LATIN = re.compile("[DFGJLNQRSUVWZbdfgjlnqrsuvwz]")
_KIND_OF_PLACE = re.compile(r"[AaCc](?:\.(?:[AaOo]\.?)?|/[Oo]),?")
_NOT_IN_KEY = re.compile(r"[\W_ьъ]+")


def kazakh_letters(text: str) -> str:
    """Kazakh letters back from their legacy cp1251 slots."""
    return text.translate(LEGACY_SLOTS)


def homoglyphs_to_cyrillic(text: str) -> str:
    """Latin look-alikes to Cyrillic in words with Cyrillic and no other Latin letter; so "c." or "c/o" beside them."""
    if not _CYRILLIC.search(text):
        return text

    def is_disguised(word: str) -> bool:
        has_only_look_alikes = bool(_CYRILLIC.search(word)) and not _OTHER_LATIN.search(word)
        return has_only_look_alikes or bool(_KIND_OF_PLACE.fullmatch(word))

    return " ".join(word.translate(_LOOK_ALIKES) if is_disguised(word) else word for word in text.split(" "))


def name_key(text: str | None) -> str | None:
    """One key for the spellings of one name: Қонаев, Конаев and KОНАЕВ agree.

    None for None and where no letter is left.
    """
    if text is None:
        return None
    return _NOT_IN_KEY.sub("", homoglyphs_to_cyrillic(text).translate(_FOLD).lower()) or None
