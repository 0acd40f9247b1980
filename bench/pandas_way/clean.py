"""Cleaning of columns: texts, codes, dates, amounts, names, identifiers. Empty text becomes missing."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

LEGACY = str.maketrans("ЌЄЅҐЎЇЈЋќєѕґўїјћ", "ҚҒҢӨҰҮӘҺқғңөұүәһ")
LOOK_ALIKE = str.maketrans("ABEKMHOPCTXYIƏaekmopcxyithə", "АВЕКМНОРСТХУІӘаекморсхуітһә")
RUSSIFIED = str.maketrans("ёәғқңөұүһі", "еагкноуухи")
CYRILLIC = "[А-ЯЁӘҒҚҢӨҰҮҺІа-яёәғқңөұүһі]"
NOTHING = ["", "-", "—", "NULL", "н/д"]
TEST_NAMES = ("тест", "тестов", "тестова", "тестовый", "тестовая", "для теста", "проверка", "test")
KIND = (
    r"(?:с\.? ?/?о\.?|а\.? ?о\.?|с\.а\.|а\.ә\.|п\.а\.|к\.ә\.|г\.? ?а\.?|қ\.? ?ә\.?"
    r"|р-о?н|район[а-я]*|аудан[ыі]?|упразднен)"
)
PLACE = r"(?:рзд|ст|село|ауылы?|аул|город|қаласы|поселок|кенті?|с|а|г|п|к|қ)"
CENTURY = {"1": "18", "2": "18", "3": "19", "4": "19", "5": "20", "6": "20"}
FIRST, SECOND = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def over_distinct(s: pd.Series, work: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Apply `work` once to each distinct value."""
    distinct = pd.Series(s.dropna().unique(), dtype="str")
    return s.map(pd.Series(work(distinct).to_numpy(), index=distinct)).astype("str")


def trimmed(s: pd.Series) -> pd.Series:
    """Text written by machines: strip it; words for nothing mean missing."""
    s = s.str.strip()
    return s.mask(s.isin(NOTHING))


def clean(s: pd.Series) -> pd.Series:
    """Text written by people: single spaces between words; words for nothing mean missing."""
    s = s.str.strip().str.replace(r"\s+", " ", regex=True)
    return s.mask(s.isin(NOTHING))


def clean_code(s: pd.Series) -> pd.Series:
    """A code as text, without the «.0» that spreadsheets add."""
    return clean(s).str.replace(r"^(\d+)\.0+$", r"\1", regex=True)


def corrected(s: pd.Series) -> pd.Series:
    """Latin look-alikes as Cyrillic letters, in texts that have Cyrillic ones."""
    mixed = s.str.contains("[A-Za-z]").fillna(False) & s.str.contains(CYRILLIC).fillna(False)
    return s.mask(mixed, s[mixed].str.translate(LOOK_ALIKE))


def place_key(s: pd.Series) -> pd.Series:
    """«Шелекский с.о.», «с.о. Шелекский» → шелекский; «с. Шелек», «Шелек ауылы» → шелек."""

    def key(names: pd.Series) -> pd.Series:
        names = names.str.translate(LEGACY).str.translate(LOOK_ALIKE).str.lower()
        names = names.str.replace(r"\([^)]*\)", " ", regex=True).str.strip()
        names = names.str.replace(rf"^{KIND}[ .]*|(?:^|[ .]){KIND}[ .)]*$", "", regex=True)
        names = names.str.replace(rf"^{PLACE}[ .]+|[ .]{PLACE}\.?$", "", regex=True)
        return names.str.translate(RUSSIFIED).str.replace(r"[\W_ьъ]+", "", regex=True)

    return over_distinct(s, key)


def to_date(s: pd.Series) -> pd.Series:
    """Dates in the forms that people and spreadsheets write."""
    dotted = pd.to_datetime(s, format="%d.%m.%Y", errors="coerce")
    return dotted.fillna(pd.to_datetime(s.str[:10], format="%Y-%m-%d", errors="coerce"))


def to_number(s: pd.Series) -> pd.Series:
    """Amounts and integers, «46 228,00» among them."""
    return pd.to_numeric(s.str.replace(r"\s", "", regex=True).str.replace(",", ".", regex=False), errors="coerce")


def age(birth: pd.Series, end: pd.Timestamp) -> pd.Series:
    """Completed years on the day `end`."""
    had_birthday = (birth.dt.month < end.month) | ((birth.dt.month == end.month) & (birth.dt.day <= end.day))
    return end.year - birth.dt.year - (~had_birthday).astype(int)


def is_valid_number(s: pd.Series) -> pd.Series:
    """Twelve digits with a valid check digit, as in ИИН and БИН."""
    wellformed = s.str.fullmatch(r"[0-9]{12}").fillna(False).astype(bool)
    digits = np.frombuffer("".join(s[wellformed]).encode("ascii"), dtype=np.uint8).reshape(-1, 12) - 48
    check = digits[:, :11] @ np.array(FIRST) % 11
    check = np.where(check == 10, digits[:, :11] @ np.array(SECOND) % 11, check)
    valid = pd.Series(False, index=s.index)
    valid[wellformed] = check == digits[:, 11]
    return valid


def keyed_hash(s: pd.Series, secret: bytes) -> pd.Series:
    """First 128 bits of an HMAC-SHA256 of each value, as hexadecimal digits."""
    return s.map(lambda value: hmac.digest(secret, value.encode(), "sha256").hex()[:32], na_action="ignore")


def disagrees_with_birth(iin: pd.Series, birth: pd.Series) -> pd.Series:
    """Whether the birth date in a number differs, or its century does."""
    stated = pd.to_numeric(iin.str[6].map(CENTURY) + iin.str[:6], errors="coerce")
    return birth.notna() & (stated != birth.dt.year * 10_000 + birth.dt.month * 100 + birth.dt.day)


def is_test(*columns: pd.Series) -> pd.Series:
    """Test records left in production data."""
    masks = [column.str.lower().isin(TEST_NAMES) for column in columns]
    return pd.concat(masks, axis=1).any(axis=1)


def letter_warnings(names: pd.Series) -> dict[str, pd.Series]:
    """Warnings about letters: two scripts in a name, letters that became question marks."""
    return {
        "names_in_one_script": names.str.contains("[A-Za-z]") & names.str.contains(CYRILLIC),
        "letters_not_lost": names.str.contains("?", regex=False),
    }


@cache
def is_typo(a: str, b: str) -> bool:
    """Whether one letter is wrong, added or left out, or two neighbours are swapped."""
    if abs(len(a) - len(b)) > 1:
        return False
    begin = 0
    while begin < min(len(a), len(b)) and a[begin] == b[begin]:
        begin += 1
    a, b = a[begin:], b[begin:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def disagrees(calls: pd.DataFrame) -> pd.Series:
    """Calls whose other times, two at least, all lie in another month, more than two days from the time of the call."""
    others = calls[["dispatched_at", "arrived_at", "finished_at"]]
    first, last, month = others.min(axis=1), others.max(axis=1), calls["received_at"].dt.to_period("M")
    two_days = pd.Timedelta(hours=48)
    is_far = ((first > calls["received_at"] + two_days) & (first.dt.to_period("M") > month)) | (
        (last < calls["received_at"] - two_days) & (last.dt.to_period("M") < month)
    )
    return (others.notna().sum(axis=1) >= 2) & is_far
