"""Types against an independent reading of the same cells in Python: each spelling is exact, or unreadable."""

from __future__ import annotations

import calendar
import contextlib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.test_types import read_cell, read_cells

ALMATY = ZoneInfo("Asia/Almaty")
SPACES = st.sampled_from([" ", "\u00a0", "\u2009", "\u202f"])
# One connection serves all examples of a test.
checked = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
days = st.dates(date(1901, 1, 1), date(2100, 12, 31))
MONTHS = {
    "ru": [
        "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
        "декабря",
    ],
    "kk": [
        "қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым", "шілде", "тамыз", "қыркүйек", "қазан", "қараша",
        "желтоқсан",
    ],
}  # fmt: skip


def in_groups(digits: str, space: str) -> str:
    """Digits in groups of three from the right."""
    return f"{int(digits):,}".replace(",", space)


@checked
@given(day=days, style=st.integers(0, 9), ending=st.sampled_from(["", " г.", "г", " ж.", "\u00a0"]))
def test_a_day_in_any_spelling_is_that_day(con: duckdb.DuckDBPyConnection, day: date, style: int, ending: str) -> None:
    d, m, y = day.day, day.month, day.year
    spellings = [
        day.isoformat(), f"{d:02}.{m:02}.{y}", f"{d}.{m}.{y}", f"{y}.{m:02}.{d:02}", f"{d:02}.{m:02}.{y} 23:59:59",
        f"{day.isoformat()}T23:59:59.999", f"{d} {MONTHS['ru'][m - 1]} {y}", f"{d} {MONTHS['kk'][m - 1]} {y}",
        f"{y} жылғы {d} {MONTHS['kk'][m - 1]}", f"{d}-{calendar.month_abbr[m]}-{y}",
    ]  # fmt: skip
    text = spellings[style]
    if text[-4:] == str(y):
        text += ending
    for format in ("csv", "json", "xlsx"):
        assert read_cell(con, "date", text, format) == day


@checked
@given(day=days, sign=st.sampled_from("/-"))
def test_a_day_whose_month_may_stand_first_is_unreadable(con: duckdb.DuckDBPyConnection, day: date, sign: str) -> None:
    read = read_cell(con, "date", day.strftime(f"%d{sign}%m{sign}%Y"))
    assert read == (day if day.day > 12 or day.day == day.month else None)


@checked
@given(
    moment=st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31)),
    minutes=st.integers(-12 * 60, 14 * 60),
    is_utc=st.booleans(),
)
def test_an_instant_is_local_time_of_the_tz_database(
    con: duckdb.DuckDBPyConnection, moment: datetime, minutes: int, is_utc: bool
) -> None:
    zone = timezone(timedelta() if is_utc else timedelta(minutes=minutes))
    at = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=zone)
    text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if is_utc else at.isoformat(sep=" ")
    local = at.astimezone(ALMATY).replace(tzinfo=None)
    for format in ("csv", "json"):
        assert read_cell(con, "timestamp", text, format) == local


@checked
@given(day=days, minutes=st.integers(0, 24 * 60 - 1))
def test_an_instant_in_a_column_of_dates_is_its_day_in_almaty(
    con: duckdb.DuckDBPyConnection, day: date, minutes: int
) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    text = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    expected = at.astimezone(ALMATY).date()
    assert [read_cell(con, "date", text, format) for format in ("json", "csv")] == [expected, expected]


@checked
@given(
    whole=st.integers(0, 10**12),
    cents=st.none() | st.integers(0, 99),
    space=st.none() | SPACES,
    comma=st.booleans(),
    is_negative=st.booleans(),
)
def test_an_amount_in_any_spelling_is_exact(
    con: duckdb.DuckDBPyConnection, whole: int, cents: int | None, space: str | None, comma: bool, is_negative: bool
) -> None:
    text = in_groups(str(whole), space) if space else str(whole)
    value = Decimal(whole)
    if cents is not None:
        text += f"{',' if comma else '.'}{cents:02}"
        value += Decimal(cents) / 100
    text, value = ("-" + text, -value) if is_negative else (text, value)
    assert [read_cell(con, "number", text, format) for format in ("csv", "xlsx", "json")] == [value, value, value]


@checked
@given(text=st.text("0123456789.,  'eE+-x", max_size=14))
def test_whatever_stands_in_a_number_is_read_exactly_or_not_at_all(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Every value must be that of a reading which takes one sign for decimals and drops the other with all spaces."""
    for kind in ("number", "integer"):
        value = read_cell(con, kind, text)
        if value is None:
            continue
        plain = text.replace(" ", "").replace("'", "").strip()
        readings = set()
        for decimal, thousands in ((",", "."), (".", ",")):
            with contextlib.suppress(InvalidOperation):
                readings.add(Decimal(plain.replace(thousands, "").replace(decimal, ".")))
        assert value in readings


@checked
@given(value=st.integers(-(10**12), 10**12), space=st.none() | SPACES, tail=st.sampled_from(["", ",0", ".0", ",00"]))
def test_a_whole_number_in_any_spelling_is_exact(
    con: duckdb.DuckDBPyConnection, value: int, space: str | None, tail: str
) -> None:
    text = ("-" if value < 0 else "") + (in_groups(str(abs(value)), space) if space else str(abs(value))) + tail
    assert read_cell(con, "integer", text) == value


@checked
@given(value=st.floats(-1e9, 1e9, allow_nan=False), decimals=st.integers(0, 9))
def test_a_number_of_json_is_exact_or_unreadable(con: duckdb.DuckDBPyConnection, value: float, decimals: int) -> None:
    text = repr(value)
    ((read, _),) = read_cells(con, "number", [text], "json", decimals)
    exact = Decimal(text)
    fits = exact == exact.quantize(Decimal(1).scaleb(-decimals))
    assert read == (exact if fits else None)
