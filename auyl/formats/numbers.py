"""What a cell of a workbook shows for the number that it holds: dates, padded codes, percentages, plain numbers.

A workbook stores dates and times as numbers of days; only the number format of a cell says which they are. All
functions work on whole columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

# What a cell is beside its text; the contract's type of the column decides what that means.
PLAIN, MOMENT, PADDED = 0, 1, 2
FormatKind = Literal["number", "date", "datetime", "time", "elapsed", "percent", "padded"]
# Spreadsheets keep and show 15 significant digits; binary arithmetic leaves 46421.000000000007 in the file.
SIGNIFICANT_DIGITS = 15
_PLAIN_NUMBER = r"^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])$"
_LAST_DAY = 2_958_465  # 31.12.9999
# ECMA-376, 18.8.30: formats that files do not spell out; 27 to 36 and 50 to 58 are dates of East Asian editions.
_BUILT_IN: dict[int, FormatKind] = {
    **dict.fromkeys((9, 10), "percent"),
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59)), "date"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 47), "time"),
    22: "datetime",
    46: "elapsed",
}  # fmt: skip
# Quoted and escaped text, padding, colours, conditions and locales: all that is no placeholder. [h] is one.
_LITERAL = re.compile(r'"[^"]*"|\\.|[_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]|General|AM/PM|A/P', re.IGNORECASE)
_PADDED = re.compile(r'(0+)|"([^"]*)"|\\(.)|([ \-/()])|(\[[^\]]*\])')


@dataclass(frozen=True)
class CellFormat:
    """A number format. `groups` of a padded one are its literals and its numbers of digits, from the left."""

    kind: FormatKind
    groups: tuple[str | int, ...] = ()


def cell_format(number: int, code: str | None) -> CellFormat:
    """The format with this number, and the code that the file gives for it."""
    if code is None:
        return CellFormat(_BUILT_IN.get(number, "number"))
    section = _first_section(code)
    bare = _LITERAL.sub("", section).lower()
    if re.search(r"\[(h+|m+|s+)\]", bare):
        return CellFormat("elapsed")
    has_day, has_clock = re.search("[dym]", bare), re.search("[hs]", bare)
    if has_clock and not re.search("[dy]", bare):
        return CellFormat("time")
    if has_day:
        return CellFormat("datetime" if has_clock else "date")
    if "%" in bare:
        return CellFormat("percent")
    groups = _padding(section)
    return CellFormat("padded", groups) if groups else CellFormat("number")


def index(text: str) -> int:
    """The number of a style or format as an attribute states it; -1 for a text that is none."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else -1


def _first_section(code: str) -> str:
    """The section of a format for positive numbers."""
    match = re.match(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*', code)
    return match.group() if match else code


def _padding(section: str) -> tuple[str | int, ...]:
    """Groups of a format that shows all digits of a code, with leading zeros; none for any other."""
    groups: list[str | int] = []
    at = 0
    for match in _PADDED.finditer(section):
        if match.start() != at:
            return ()
        at = match.end()
        zeros, *literals, _ = match.groups()
        text = next((literal for literal in literals if literal is not None), "")
        if zeros:
            groups.append(len(zeros))
        elif re.search("[0-9]", text):
            return ()  # what is shown is not the number
        elif text:
            groups.append(text)
    digits = sum(group for group in groups if isinstance(group, int))
    return tuple(groups) if at == len(section) and digits > 1 else ()


def number_texts(texts: pa.Array) -> pa.Array:
    """Numbers as files write them, as a spreadsheet keeps them: 15 significant digits, no exponent.

    Integers in plain digits stay as they are. Above 1e15 a number with an exponent has lost digits; it stays with
    its exponent, which no type takes.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    is_plain = pc.match_substring_regex(texts, _PLAIN_NUMBER)
    is_short = pc.less_equal(pc.utf8_length(texts), SIGNIFICANT_DIGITS)
    if pc.all(pc.and_(is_plain, is_short)).as_py() is not False:
        return texts
    coded = texts.dictionary_encode()
    values = pa.array([_number_text(text) for text in coded.dictionary.to_pylist()], "string")
    return values.take(coded.indices)


def _number_text(text: str) -> str:
    text = text.strip()
    if re.fullmatch("-?[0-9]+", text, re.ASCII) or not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?", text):
        return text
    try:
        short = format(float(text), f".{SIGNIFICANT_DIGITS}g")
    except ValueError:
        return text
    value = Decimal(short)
    return short if abs(value) >= 10**SIGNIFICANT_DIGITS or not value.is_finite() else format(value, "f")


def formatted(texts: pa.Array, how: CellFormat, is_1904: bool) -> tuple[pa.Array, int]:
    """Numbers as text under one format, and what kind of cells they are."""
    import pyarrow.compute as pc

    # Days and percentages repeat.
    coded = texts.dictionary_encode()
    numbers = number_texts(coded.dictionary)
    kind = PLAIN
    if how.kind == "percent":
        numbers = _percents(numbers)
    elif how.kind == "padded":
        whole = pc.match_substring_regex(numbers, "^[0-9]+$")
        numbers, kind = pc.if_else(whole, _padded(numbers, how.groups), numbers), PADDED
    elif how.kind in ("date", "datetime", "time", "elapsed"):
        numbers, kind = _moments(numbers, how.kind, is_1904), MOMENT
    return numbers.take(coded.indices), kind


def unpadded(texts: pa.Array) -> pa.Array:
    """The numbers of padded cells."""
    import pyarrow.compute as pc

    is_number = pc.match_substring_regex(texts, r"^-?[0-9]+(?:\.[0-9]+)?$")
    digits = pc.if_else(is_number, texts, pc.replace_substring_regex(texts, "[^0-9]", ""))
    return pc.replace_substring_regex(digits, "^0+([0-9])", r"\1")


def _percents(texts: pa.Array) -> pa.Array:
    import pyarrow as pa

    return pa.array([_percent(text) for text in texts.to_pylist()], "string")


def _percent(text: str) -> str:
    try:
        value = (Decimal(text) * 100).normalize()
    except ArithmeticError:
        return text
    return f"{value:f}%"


def _padded(numbers: pa.Array, groups: tuple[str | int, ...]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    sizes = [group for group in groups if isinstance(group, int)]
    digits = pc.utf8_lpad(numbers, sum(sizes), "0")
    parts, left, is_first = [], sum(sizes), True
    for group in groups:
        if isinstance(group, str):
            parts.append(pa.scalar(group))
            continue
        # Digits beyond the format stand in front.
        start, left = (0 if is_first else -left), left - group
        parts.append(pc.utf8_slice_codeunits(digits, start, -left if left else None))
        is_first = False
    return pc.binary_join_element_wise(*parts, pa.scalar(""))


def _moments(numbers: pa.Array, kind: FormatKind, is_1904: bool) -> pa.Array:
    """Numbers of days as ISO 8601; what is no day of the calendar as the spreadsheet shows it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    is_number = pc.match_substring_regex(numbers, r"^-?[0-9]+(?:\.[0-9]+)?$")
    values = np.asarray(pc.if_else(is_number, numbers, "-1").cast("float64"))
    first = 0 if is_1904 else 61
    ordinary = np.asarray(is_number) & (values >= first) & (values < _LAST_DAY + 1) & (kind != "elapsed")
    if kind == "time":
        ordinary &= values >= 1
    milliseconds = np.rint(np.where(ordinary, values, 0) * 86_400_000).astype("int64")
    origin = -24_107 if is_1904 else -25_569
    moments = pa.array(np.where(ordinary, milliseconds + origin * 86_400_000, 0), "int64")
    texts = _iso(moments, kind)
    if ordinary.all():
        return texts
    odd = [
        number if is_ordinary else _odd_moment(number, kind)
        for number, is_ordinary in zip(numbers.to_pylist(), ordinary.tolist(), strict=True)
    ]
    return pc.if_else(pa.array(ordinary), texts, pa.array(odd, "string"))


def _iso(milliseconds: pa.Array, kind: FormatKind) -> pa.Array:
    """Milliseconds since 1970 as ISO 8601: a day alone where a format without a clock holds midnight."""
    import pyarrow.compute as pc

    whole = pc.strftime(milliseconds.cast("timestamp[ms]").cast("timestamp[s]", safe=False), "%Y-%m-%d %H:%M:%S")
    parts = pc.subtract(milliseconds, pc.multiply(pc.divide(milliseconds, 1000), 1000))
    if pc.any(pc.not_equal(parts, 0)).as_py():
        exact = pc.strftime(milliseconds.cast("timestamp[ms]"), "%Y-%m-%d %H:%M:%S")
        whole = pc.if_else(pc.not_equal(parts, 0), exact, whole)
    if kind == "date":
        whole = pc.replace_substring_regex(whole, " 00:00:00$", "")
    return whole


def _odd_moment(number: str, kind: FormatKind) -> str:
    """A number of days outside the calendar as the spreadsheet shows it: day 0, 29 February 1900, a time alone."""
    try:
        value = Decimal(number)
        # A spreadsheet shows no hours beyond the calendar either; NaN cannot be compared.
        is_shown = 0 <= value < _LAST_DAY + 1
    except ArithmeticError:
        return number
    if not is_shown:
        return number
    day, seconds = int(value), round((value % 1) * 86_400)
    if kind == "elapsed":
        day, seconds = 0, round(value * 86_400)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if kind in ("time", "elapsed"):
        return clock
    shown = "1900-02-29" if day == 60 else f"1900-{1 + (day > 31):02d}-{day - 31 * (day > 31):02d}"
    return f"{shown} {clock}" if seconds or kind == "datetime" else shown
