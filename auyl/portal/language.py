"""Words, numbers and dates of the three languages. The catalogues are `words/<language>.yaml`."""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from auyl.languages import LANGUAGES, check_language

THIN = "\u202f"  # narrow space that does not break
SPACE = "\u00a0"
MINUS = "\u2212"


@dataclass(frozen=True)
class Language:
    """One language: `words` by key, and how it writes numbers and dates."""

    code: str
    words: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.words[key]

    def say(self, key: str, **parts: object) -> str:
        """The phrase with its gaps filled."""
        return str(self.words[key]).format(**parts)

    def number(self, value: Decimal | int | float, decimals: int = 0) -> str:
        """1234567.5 → «1 234 567,5» (kk, ru), "1,234,567.5" (en). Half is rounded away from zero."""
        rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        text = f"{abs(rounded):,f}"
        if self.code != "en":
            text = text.replace(",", THIN).replace(".", ",")
        return MINUS + text if rounded < 0 else text

    def count(self, value: Decimal | int) -> str:
        """A numerator or a denominator: whole when it is whole, or large."""
        return self.number(value, 0 if value == int(value) or not -100 < value < 100 else 1)

    def share(self, part: Decimal | int, whole: Decimal | int) -> str:
        """A percentage without decimals; a dash when there is nothing to take it of."""
        return "–" if not whole else self.number(Decimal(100) * part / whole) + SPACE + "%"

    def date(self, value: dt.date) -> str:
        if self.code != "en":
            return f"{value:%d.%m.%Y}"
        return f"{value.day}{SPACE}{self['months'][value.month - 1][:3]}{SPACE}{value.year}"

    def ago(self, value: dt.date, today: dt.date) -> str:
        days = (today - value).days
        return str(self["today"]) if days <= 0 else self.say("days_old", days=self.number(days))

    def month(self, period: str) -> str:
        """'2026-10' → «октябрь 2026»."""
        year, month = period.split("-")
        return self.say("month_of_year", month=self["months"][int(month) - 1], year=year)

    def name(self, row: Any, field: str = "name") -> str:
        """The field in this language; Russian where there is none (territory has no English)."""
        names = row if isinstance(row, dict) else row._asdict()
        return str(next(filter(None, (names.get(f"{field}_{code}") for code in (self.code, "ru", "kk"))), ""))


@cache
def language(code: str) -> Language:
    """The language of that code. Raises KeyError for another than kk, ru, en."""
    path = Path(__file__).with_name("words") / f"{check_language(code)}.yaml"
    return Language(code, yaml.safe_load(path.read_text(encoding="utf-8")))


def preferred(header: str) -> str | None:
    """The first of our languages in an Accept-Language header, by its order."""
    for part in header[:200].split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return None
