"""The three catalogues say the same things, and numbers and dates are written as each language does."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from auyl.languages import LANGUAGES
from auyl.portal.language import language, preferred


def gaps(text: object) -> set[str]:
    return set(re.findall(r"{(\w+)}", str(text)))


def test_all_languages_have_the_same_keys_and_gaps() -> None:
    russian = language("ru").words
    for code in LANGUAGES:
        words = language(code).words
        assert words.keys() == russian.keys()
        for key, text in words.items():
            assert text, key
            assert gaps(text) == gaps(russian[key]), key
            if isinstance(text, dict):
                assert text.keys() == russian[key].keys()
        assert len(words["months"]) == 12


@pytest.mark.parametrize(
    ("code", "value", "decimals", "written"),
    [
        ("ru", Decimal("1234567.5"), 1, "1\u202f234\u202f567,5"),
        ("kk", Decimal("-0.05"), 1, "\u22120,1"),
        ("en", Decimal("1234567.5"), 0, "1,234,568"),
        ("ru", 0, 0, "0"),
        ("ru", Decimal("-0.04"), 1, "0,0"),
        ("ru", Decimal("2.5"), 0, "3"),
        ("ru", Decimal("1E+3"), 0, "1\u202f000"),
        ("ru", Decimal("12345678901234567890.1"), 1, "12\u202f345\u202f678\u202f901\u202f234\u202f567\u202f890,1"),
    ],
)
def test_numbers(code: str, value: Decimal, decimals: int, written: str) -> None:
    assert language(code).number(value, decimals) == written


def test_dates_and_months() -> None:
    day = dt.date(2026, 10, 3)
    assert [language(c).date(day) for c in LANGUAGES] == ["03.10.2026", "03.10.2026", "3\u00a0Oct\u00a02026"]
    assert [language(c).month("2026-10") for c in LANGUAGES] == ["2026 ж. қазан", "октябрь 2026", "October 2026"]
    assert language("ru").ago(day, dt.date(2026, 10, 20)) == "17 дн. назад"
    assert language("ru").ago(day, day) == "сегодня"


def test_a_share_of_nothing_is_a_dash() -> None:
    assert language("ru").share(0, 0) == "–"
    assert language("ru").share(1, 3) == "33\u00a0%"


@pytest.mark.parametrize(
    ("header", "code"), [("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("kk", "kk"), ("de,en", "en"), ("de", None), ("", None)]
)
def test_the_browsers_language(header: str, code: str | None) -> None:
    assert preferred(header) == code


def test_another_language_is_refused() -> None:
    with pytest.raises(KeyError):
        language("../kk")
