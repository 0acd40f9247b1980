"""Damage to what cells hold: no value, two readings, or another meaning than it seems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.formats.fuzz.grids import grid
from tests.formats.fuzz.tables import BookCell

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample

Made = tuple[bytes, str] | None
Change = Callable[[Random, "Sample", bytes], Made]
Maker = Callable[[Random, str], Any]

ANY = ("string", "integer", "number", "date", "timestamp", "boolean")
MOMENTS = ("date", "timestamp")
JSON = ("json", "jsonl", "geojson")
ERRORS = (
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#Н/Д", "#ССЫЛКА!", "#ЗНАЧ!", "#ДЕЛ/0!",
    "#ИМЯ?", "#ПУСТО!", "#ЧИСЛО!", "#SPILL!", "#CALC!",
)  # fmt: skip
NOTHINGS = (
    "\\N", "None", "nan", "NaN", "(null)", "NULL", "null", "н/д", "Н/Д", "n/a", "N/A", "-", "—", "нет данных", " ",
    "\u00a0",
)  # fmt: skip
NO_DATES = (
    "01.01.0001", "0001-01-01", "0001-01-01T00:00:00", "30.12.1899", "1899-12-30", "1899-12-31T00:00:00", "00.00.0000",
    "0000-00-00", "31.02.2026", "2026-02-30", "29.02.2025", "0", "-1", "60", "99.99.9999", "31.12.20662", "1.1",
)  # fmt: skip
NO_INTEGERS = (
    "2.5", "0x10", "1e3", "1E3", "1_000", "1.007", "1,007", "0b11", "٣", "99999999999999999999", "2,5", "½", "+-1",
    "1 2", "12 34",
)  # fmt: skip
GROUPED = (
    "1 007", "1\u00a0007", "1\u2009007", "1\u202f007", "7.0", "7,0", "7,00", "+7", "007", " 7 ", "12 345 678", "-3",
)  # fmt: skip
AMOUNTS = (
    "46.421", "46,421", "1.234.567", "1,234,567.89", "1.234.567,89", "46 421,00", "46\u202f421,5", "1'234.50", "1e5",
    "1,5E+3", "(500)", "500 тг", "12,3456", "0.125", "0,005", "99999999999999999999.99", "-0.5", "5-", ".5", "1 23",
    "0.1 + 0.2", "Infinity",
)  # fmt: skip
TYPED_DATES = (
    "7.11.2025", "07.11.25", "07/11/2025", "11/25/2025", "25/11/2025", "07.11.2025 г.", "07.11.2025г", "7 ноября 2025",
    "2025.11.07", "2025/11/07", "07.11.2025\u00a0", "07-11-2025", "2025-11-7", "20251107", "45968", "7.11.2025 9:05",
    "07.11.2025 00:00:00", "2025-11-07T00:00:00", "Nov 7, 2025", "07.11.2025 12:00:00 AM",
)  # fmt: skip
ZONES = ("+06:00", "+05:00", "Z", "+0500", "-05:00", "+14:00")
INVISIBLE = ("\u200b", "\u200e", "\ufeff", "\u00ad", "\u2060", "\u200f", "\u202a", "\u00a0", "\u200d")
LATIN = str.maketrans("АВСЕНКМОРТХасеорху", "ABCEHKMOPTXaceopxy")
STRUCTURES: tuple[Any, ...] = (
    {"ru": "Шелек", "kk": "Шелек"}, [], {}, ["Шелек"], [{"code": 1}], {"value": "12"}, [[[[1]]]], [None],
)  # fmt: skip
JSON_SCALARS: tuple[Any, ...] = (
    True, False, 0, -1, 12, 2.5, 1e5, 46.421, 0.1, 123456789012, 9007199254740993, 10**30, 1752260400000, 1e400, "",
    "\ud83d", "\udc00x", "\u0001",
)  # fmt: skip
# The style of days in the books of the synthetic oblast.
DAY = "1"
BOOK_CELLS: tuple[BookCell, ...] = (
    *(BookCell("e", one) for one in ERRORS[:7]),
    BookCell("e", "#N/A", formula="VLOOKUP(A1,B:B,1,0)"),
    BookCell(formula="A1+1"),
    BookCell("str", formula="A1"),
    BookCell("str", "", formula="A1"),
    BookCell("str", "text"),
    BookCell("n", "0", formula="SUM(A1:A2)"),
    *(BookCell("n", day, style=DAY) for day in ("46023", "46023.75", "0", "60", "-1", "2958466")),
    *(BookCell("n", number) for number in ("46023", "1.1", "46.420999999999999", "123456789012", "1E+20")),
    BookCell("n", "1", style="9999"),
    BookCell("b", "1"),
    BookCell("b", "0"),
    BookCell("d", "2026-10-05T00:00:00"),
    BookCell("s", "999999"),
    BookCell("x", "1"),
)


def cells(make: Maker, types: Iterable[str] = ANY, formats: Iterable[str] = ()) -> Change:
    """A change of one cell, some or all cells of a column of these types; `make` gives the value for the text there.

    Only files of `formats` are changed where some are named.
    """
    wanted, only = frozenset(types), frozenset(formats)

    def mutate(random: Random, sample: Sample, content: bytes) -> Made:
        if only and sample.contract.format not in only:
            return None
        file = grid(sample.contract, content)
        columns = [column for column in file.columns if column.type in wanted]
        if not columns or not file.rows:
            return None
        column = random.choice(columns)
        share = random.choice((0.0, 0.0, 0.3, 1.0))
        chosen = {random.randrange(file.rows), *(row for row in range(file.rows) if random.random() < share)}
        values = [(row, make(random, file.get(row, column))) for row in sorted(chosen)]
        values = [(row, value) for row, value in values if value is not None]
        for row, value in values:
            file.put(row, column, value)
        shown = f", as {values[0][1]!r} for record {values[0][0] + 1}" if values else ""
        return file.dump(), f"{len(values)} cells of {column.name}{shown[:90]}"

    return mutate


def one_of(values: Iterable[Any]) -> Maker:
    """Any of these values, whatever the cell held."""
    choices = tuple(values)
    return lambda random, old: random.choice(choices)


def _day(text: str) -> date | None:
    match = re.match(r"(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4})", text)
    if match is None:
        return None
    year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
    return date(int(year), int(month), int(day))


def instant(random: Random, old: str) -> str | None:
    """The cell's day as the moment of its midnight in Almaty, or any hour of that day, written in another zone."""
    day = _day(old)
    if day is None:
        return None
    hour = random.choice((0, 0, random.randrange(24)))
    local = datetime(
        day.year, day.month, day.day, hour, random.randrange(60) if hour else 0, tzinfo=ZoneInfo("Asia/Almaty")
    )
    away = local.astimezone(ZoneInfo(random.choice(("UTC", "UTC", "Europe/Moscow", "Asia/Omsk"))))
    text = away.isoformat(random.choice("T "), random.choice(("seconds", "milliseconds")))
    return text.replace("+00:00", random.choice(("Z", "+00:00", "+00")))


def zoned_day(random: Random, old: str) -> str | None:
    """The cell's day with a zone, as xs:date allows."""
    day = _day(old)
    return None if day is None else day.isoformat() + random.choice(ZONES)


def retyped_day(random: Random, old: str) -> str | None:
    """The cell's day as somebody would type it, or another such date."""
    day = _day(old)
    if day is None or random.random() < 0.5:
        return random.choice(TYPED_DATES)
    shapes = (
        "{0.day}.{0.month}.{0.year}",
        "{0:%d.%m.%Y} г.",
        "{0:%m/%d/%Y}",
        "{0:%d.%m.%y}",
        "{0:%d/%m/%Y}",
        "{0.month}/{0.day}/{0.year}",
    )
    return random.choice(shapes).format(day)


def dotted_amount(random: Random, old: str) -> str | None:
    """The cell's amount with another separator of thousands or of decimals."""
    try:
        value = float(old.replace(",", ".").replace("\u00a0", "").replace(" ", ""))
    except ValueError:
        return random.choice(AMOUNTS)
    english = f"{value:,.{random.choice((0, 0, 2, 3))}f}"
    signs = random.choice((".,", ",.", " ,", " .", "\u00a0,", "’."))
    return english.translate({ord(","): signs[0], ord("."): signs[1]})


def invisible(random: Random, old: str) -> str | None:
    """The cell's text with a sign in it that nobody sees."""
    if not old:
        return None
    at = random.randrange(len(old) + 1)
    return old[:at] + random.choice(INVISIBLE) + old[at:]


def decomposed(random: Random, old: str) -> str | None:
    """The cell's text in letters and marks, as a Mac writes it."""
    return unicodedata.normalize(
        "NFD", old if re.search("[йёЙЁїЇ]", old) else old + random.choice(("й", "Ё", " Әйтей"))
    )


def latin_letters(random: Random, old: str) -> str | None:
    """The cell's text with Latin letters that look like its own."""
    return old.translate(LATIN) if old.translate(LATIN) != old else None
