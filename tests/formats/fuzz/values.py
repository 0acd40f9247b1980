"""What a cell may become: an independent reading of cells by the rules of docs/contracts.md.

Shares nothing with `auyl.stage`. It is forgiving where the product may be strict: an accepted value is one that an
attentive person would read without doubt. The product may call such a cell unreadable too, but then its row says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from auyl.contracts import Column

# What a file holds in a place: how its format types it.
TEXT, NUMBER, DAY, BOOLEAN, ERROR, NOT_COMPUTED, STRUCTURE, REPEATED = (
    "text", "number", "day", "boolean", "error", "not computed", "structure", "repeated",
)  # fmt: skip
NO_VALUES = (ERROR, NOT_COMPUTED, STRUCTURE, REPEATED)
ALMATY = ZoneInfo("Asia/Almaty")
# What programs write for nothing, and what people do; the second may also be meant as it stands.
NOTHING = re.compile(r"[-–—−]*|\\N|(?i:null|\(null\)|none|nan|н/д|n/a)")
PERHAPS_NOTHING = re.compile(
    r"(?i:[._]+|na|nat|nil|undefined|нд|нет|нет данных|жоқ|мәлімет жоқ|не указано|[(<\[{]?(null|none|пусто)[)>\]}]?)"
)
ERROR_TEXT = re.compile(r"(?i:#(?:[A-ZА-ЯӘІҢҒҮҰҚӨҺ_]+(?:/0)?[!?]|N/A|Н/Д|GETTING_DATA)|#+|(?:err|ошибка):[0-9]{3})")
SPACES = r"[\s\u00a0\u2000-\u200a\u202f\u3000]"
MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
EXCEL_DAY_0 = date(1899, 12, 30)
LEGACY_LETTERS = str.maketrans("ЌЄЅҐЎЇЈЋќєѕґўїјћ", "ҚҒҢӨҰҮӘҺқғңөұүәһ")
DAYS_OF_NO_DATE = {date(1, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1)}

Value = str | int | Decimal | date | datetime | bool


@dataclass(frozen=True)
class Cell:
    """A place of a record: its text and how the format types it. `shown` is a number as its format shows it."""

    text: str
    kind: str = TEXT
    shown: str | None = None

    @property
    def plain(self) -> str:
        """The text in NFC, without invisible marks, with single spaces."""
        return plain(self.text)


@dataclass(frozen=True)
class Reading:
    """The values that a cell may have in stage. `is_nothing`: it may be missing without a warning."""

    values: tuple[Value, ...] = ()
    is_nothing: bool = False


EMPTY, UNREADABLE = Reading(is_nothing=True), Reading()


@lru_cache(1 << 16)
def plain(text: str) -> str:
    """NFC, without format characters (zero width, direction, soft hyphen, byte order mark), single spaces."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = unicodedata.normalize("NFC", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc") or sign in "\t\n\r\v\f")
    return re.sub(rf"{SPACES}+", " ", text).strip()


def without_controls(text: str) -> str:
    """The text without control characters."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cc").strip()


def read(column: Column, cell: Cell | None, thousands: Mapping[str, bool | None] | None = None) -> Reading:
    """The reading of a cell of a column.

    `thousands` is what the column's cells say of «46.421» and «46,421», see `signs_of_thousands`.
    """
    if cell is None or (cell.kind == TEXT and NOTHING.fullmatch(cell.plain)):
        # A control character alone may stay as it is.
        is_control = cell is not None and not cell.plain and cell.text.strip()
        return Reading(("",), is_nothing=True) if is_control and column.type == "string" else EMPTY
    text = cell.plain
    if cell.kind == TEXT and PERHAPS_NOTHING.fullmatch(text):
        meant: Value | None = {"string": text, "boolean": _boolean(text)}.get(column.type)
        return Reading(() if meant is None else (meant,), is_nothing=True)
    if cell.kind in NO_VALUES or (cell.kind == TEXT and ERROR_TEXT.fullmatch(text)):
        return UNREADABLE
    values: tuple[Value | None, ...]
    if column.type == "string":
        values = _texts(column, cell)
    elif column.type == "integer":
        values = (_integer(cell),)
    elif column.type == "number":
        values = _amounts(cell, thousands or {})
    elif column.type == "boolean":
        values = (_boolean(text),)
    else:
        moments = _moments(cell)
        if column.type == "date":
            values = tuple(one.date() if isinstance(one, datetime) else one for one in moments)
        else:
            values = tuple(one if isinstance(one, datetime) else datetime(*one.timetuple()[:3]) for one in moments)
    return Reading(tuple(value for value in values if value is not None))


def _texts(column: Column, cell: Cell) -> tuple[str, ...]:
    if cell.kind == DAY:
        return ()
    text = cell.plain
    if cell.kind == BOOLEAN:
        return (text.lower(), text.upper(), text.capitalize(), str(int(text.lower() == "true")))
    if cell.kind == NUMBER:
        exact = _decimal(text)
        texts = {text, cell.shown or text}
        if exact is not None and exact == exact.to_integral_value() and abs(exact) < 10**17:
            texts |= {str(int(exact)), *(() if column.is_code else (f"{int(exact)}.0",))}
        elif exact is not None:
            texts |= {repr(float(text)), str(exact.normalize()), f"{float(text):.15g}"}
        return tuple(texts)
    if column.is_code:
        text = re.sub(r"^(\d+)\.0+$", r"\1", text)
    return (text.translate(LEGACY_LETTERS) if column.letters else text,)


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _integer(cell: Cell) -> int | None:
    if cell.kind == NUMBER:
        return _int64(_decimal(cell.text))
    text = _without_thousands(cell.plain)
    whole = re.fullmatch(r"([-+]?[0-9]+)(?:[.,]0+)?", text)
    if whole is None or re.fullmatch(r"[-+]?[1-9][0-9]{0,2}[.,]0{3}", text):
        return None
    return _int64(Decimal(whole[1]))


def _int64(exact: Decimal | None) -> int | None:
    """A whole number that a column of integers can hold; Python refuses to turn thousands of digits into one."""
    is_whole = exact is not None and abs(exact) < 2**63 and exact == exact.to_integral_value()
    return int(exact) if exact is not None and is_whole else None


def _amounts(cell: Cell, thousands: Mapping[str, bool | None]) -> tuple[Decimal | None, ...]:
    if cell.kind != NUMBER:
        return (_amount(cell, thousands),)
    exact = _decimal(cell.text)
    if exact is None:
        return ()
    # A workbook stores the nearest double; people see 15 digits of it.
    return (exact, Decimal(repr(float(exact))), Decimal(f"{float(exact):.15g}"))


def _amount(cell: Cell, signs: Mapping[str, bool | None]) -> Decimal | None:
    text = _without_thousands(cell.plain)
    if two := re.fullmatch(r"[-+]?[1-9][0-9]{0,2}([.,])[0-9]{3}", text):  # «46.421» is 46421 or 46 and a bit
        is_thousands = signs.get(two[1])
        return None if is_thousands is None else Decimal(text.replace(two[1], "" if is_thousands else "."))
    for thousands, point in ((",", "."), (".", ",")):
        grouped = rf"[-+]?[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+(?:{re.escape(point)}[0-9]+)?"
        if re.fullmatch(grouped, text) and (text.count(thousands) > 1 or point in text):
            return Decimal(text.replace(thousands, "").replace(point, "."))
    number = re.fullmatch(r"[-+]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)(?:[eE][-+]?[0-9]{1,2})?", text)
    return Decimal(text.replace(",", ".")) if number else None


def _without_thousands(text: str) -> str:
    """Digits in groups of three lose the spaces or apostrophes between them; other spaces stay."""
    grouped = re.fullmatch(r"[-+]?\s?[0-9]{1,3}((?P<gap>[ '’])[0-9]{3}((?P=gap)[0-9]{3})*)?([.,][0-9]+)?", text)
    return re.sub("[ '’]", "", text) if grouped else text


def signs_of_thousands(cells: Iterable[Cell], is_by_machine: bool, is_in_book: bool) -> dict[str, bool | None]:
    """Whether the point and the comma of a column of amounts stand between thousands, by what its cells prove.

    None where they prove nothing or both. Programs that write messages put a point before decimals, and so does Excel.
    """
    if is_by_machine:
        return {".": False, ",": None}
    texts = [_without_thousands(cell.plain) for cell in cells if cell.kind in (TEXT, NUMBER)]
    decimal, thousands = {".": is_in_book, ",": False}, {".": False, ",": False}
    for sign, other in ((".", ","), (",", ".")):
        one, two = re.escape(sign), re.escape(other)
        short = rf"[0-9]+{one}([0-9]{{1,2}}|[0-9]{{4,}})|(0|[0-9]{{4,}}){one}[0-9]{{3}}"
        grouped = rf"[0-9]{{1,3}}(?:{two}[0-9]{{3}})+{one}[0-9]+"
        decimal[sign] |= any(re.fullmatch(rf"[-+]?(?:{short}|{grouped})", text) for text in texts)
        many = rf"[0-9]{{1,3}}(?:(?:{one}[0-9]{{3}}){{2,}}|(?:{one}[0-9]{{3}})+{two}[0-9]+)"
        thousands[sign] = any(re.fullmatch(rf"[-+]?{many}", text) for text in texts)
    return {
        sign: None if decimal[sign] == (thousands[sign] or decimal[other]) else not decimal[sign]
        for sign, other in ((".", ","), (",", "."))
    }


def _boolean(text: str) -> bool | None:
    text = text.translate(LEGACY_LETTERS)
    if text.lower() in ("true", "t", "yes", "y", "1", "да", "иә"):
        return True
    return False if text.lower() in ("false", "f", "no", "n", "0", "нет", "жоқ") else None


def _moments(cell: Cell) -> tuple[date | datetime, ...]:
    """The day or local moment in Almaty that a cell holds; none where it holds none or several."""
    moments: tuple[date | datetime | None, ...] = ()
    if cell.kind == DAY:
        moments = (datetime.fromisoformat(cell.text),)
    elif cell.kind == NUMBER:
        moments = (_of_serial(cell.text), _of_text(cell.plain))
    elif cell.kind == TEXT:
        moments = (_of_text(cell.plain), _midnight(cell.plain))
    return tuple(one for one in moments if one is not None and _means_something(one))


def _means_something(moment: date | datetime) -> bool:
    day = moment.date() if isinstance(moment, datetime) else moment
    return day not in DAYS_OF_NO_DATE and day.year >= 1800


def _midnight(text: str) -> date | None:
    """The day of a midnight that is written with its own zone: how programs write a date."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ]00:00(?::00(?:\.0+)?)?[-+]\d\d:?\d\d", text)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _of_serial(text: str) -> date | datetime | None:
    number = _decimal(text)
    if number is None or not 61 <= number < 73_050:  # March 1900 to 2099
        return None
    return EXCEL_DAY_0 + timedelta(days=int(number))


ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?"
)
TYPED = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?(?: ?(?:г|ж)\.?)?"
)
WORDS = re.compile(r"(\d{1,2}) ([а-я]+) (\d{4})(?: ?г(?:\.|ода)?)?")
OTHERS = (
    (re.compile(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})"), "ymd"),
    (re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)"), "ymd"),
    (re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})"), "dmy"),
)


def _of_text(text: str) -> date | datetime | None:
    try:
        if match := ISO.fullmatch(text):
            year, month, day, hour, minute, second, fraction, zone = match.groups()
            if hour is None:
                return date(int(year), int(month), int(day))
            return _moment((year, month, day), (hour, minute, second, fraction), zone)
        if match := TYPED.fullmatch(text):
            day, month, year, hour, minute, second, fraction = match.groups()
            if hour is None:
                return date(int(year), int(month), int(day))
            return _moment((year, month, day), (hour, minute, second, fraction), None)
        if match := WORDS.fullmatch(text.lower()):
            number = [n for n, name in enumerate(MONTHS, start=1) if match[2].startswith(name)]
            return date(int(match[3]), number[0], int(match[1])) if number else None
        for pattern, order in OTHERS:
            if match := pattern.fullmatch(text):
                parts = dict(zip(order, map(int, match.groups()), strict=True))
                if order == "dmy" and parts["d"] <= 12 and parts["d"] != parts["m"]:
                    return None  # the order of the United States is as likely
                if parts["m"] > 12 and order == "dmy":
                    parts["d"], parts["m"] = parts["m"], parts["d"]
                return date(parts["y"], parts["m"], parts["d"])
    except ValueError:
        return None
    return None


def _moment(day: tuple[str, str, str], time: tuple[str | None, ...], zone: str | None) -> datetime:
    hour, minute, second, fraction = time
    if (fraction or "")[6:].strip("0"):
        raise ValueError("more decimals of a second than a moment has")
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    moment = datetime(*map(int, day), int(hour or 0), int(minute or 0), int(second or 0), micro)  # type: ignore[arg-type]
    if zone is None:
        return moment
    sign = zone.replace("Z", "+00:00").replace(":", "").ljust(5, "0")
    aware = datetime.strptime(f"{moment.isoformat()} {sign}", f"%Y-%m-%dT%H:%M:%S{'.%f' if micro else ''} %z")
    return aware.astimezone(ALMATY).replace(tzinfo=None)


def exact(value: object) -> Decimal | None:
    """A number as an exact decimal; None where it is none."""
    return _decimal(str(value))
