"""Number formats of cells: which make dates of numbers, which show leading zeros, and the texts that follow."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auyl.formats.numbers import MOMENT, PADDED, PLAIN, cell_format, formatted, index, number_texts, unpadded


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", "number"), ("@", "number"), ("0", "number"), ("0.00", "number"), ("#,##0.00", "number"),
        ("0.00E+00", "number"), ("# ?/?", "number"), ("[Red]-0.0", "number"), ('#,##0" дней"', "number"),
        ('_-* #,##0.00\\ "₸"_-;\\-* #,##0.00', "number"), ('0"д"', "number"), ("[$₸-43F]# ##0", "number"),
        ('"87"000', "number"),
        ("dd.mm.yyyy", "date"), ("dd/mm/yyyy;@", "date"), ("[$-419]D MMMM YYYY", "date"), ('dd.mm.yyyy" г."', "date"),
        ("mmm-yy", "date"), ("[$-F800]dddd, mmmm dd, yyyy", "date"), ("m/d/yyyy h:mm AM/PM", "datetime"),
        ("yyyy-mm-dd hh:mm:ss", "datetime"), ("h:mm", "time"), ("mm:ss.0", "time"), ("[h]:mm:ss", "elapsed"),
        ("[mm]:ss", "elapsed"), ("0%", "percent"), ("0.00%", "percent"), ("000000000000", "padded"),
        ("00000;@", "padded"), ('00"-"000', "padded"), ("000\\ 000", "padded"), ("0(000)000-00-00", "padded"),
    ],
)  # fmt: skip
def test_a_format_says_what_a_number_is(code: str, kind: str) -> None:
    assert cell_format(164, code).kind == kind


@pytest.mark.parametrize(
    ("number", "kind"), [(0, "number"), (2, "number"), (9, "percent"), (14, "date"), (22, "datetime"), (20, "time")]
)
def test_a_format_that_the_file_does_not_spell_out_is_the_built_in_one(number: int, kind: str) -> None:
    assert cell_format(number, None).kind == kind


@pytest.mark.parametrize(
    ("code", "number", "shown", "bare"),
    [
        ("000000000000", "50101300123", "050101300123", "50101300123"),
        ("000000000000", "1234567890123", "1234567890123", "1234567890123"),
        ("00-000", "1234", "01-234", "1234"),
        ("00-000", "1234567", "1234-567", "1234567"),
        ("0(000)000-00-00", "77011234567", "7(701)123-45-67", "77011234567"),
        ("0000", "0", "0000", "0"),
        ("0000", "1.5", "1.5", "1.5"),
        ("0000", "-5", "-5", "-5"),
    ],
)
def test_a_padded_number_is_shown_whole_and_can_be_taken_back(code: str, number: str, shown: str, bare: str) -> None:
    texts, kind = formatted(pa.array([number]), cell_format(164, code), False)
    assert (texts.to_pylist(), kind) == ([shown], PADDED)
    assert unpadded(texts).to_pylist() == [bare]


@given(st.lists(st.floats(-1e15, 1e15, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-9)))
def test_a_number_is_read_to_fifteen_digits(values: list[float]) -> None:
    texts = number_texts(pa.array([repr(value) for value in values], "string")).to_pylist()
    assert [float(text) for text in texts] == [float(f"{value:.15g}") for value in values]
    assert not [text for text in texts if "e" in text.lower() and abs(float(text)) < 1e15]


@given(st.lists(st.integers(-(10**20), 10**20)))
def test_an_integer_in_plain_digits_stays_as_it_is(values: list[int]) -> None:
    written = [str(value) for value in values]
    assert number_texts(pa.array(written, "string")).to_pylist() == written


@given(st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)), st.booleans())
def test_a_moment_is_read_to_the_second(moment: datetime, is_1904: bool) -> None:
    """The number of days as a spreadsheet stores it: a double."""
    moment = max(moment.replace(microsecond=0), datetime(1904, 1, 1)) if is_1904 else moment.replace(microsecond=0)
    days = (moment - (datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30))) / timedelta(days=1)
    texts, kind = formatted(pa.array([repr(days)]), cell_format(22, None), is_1904)
    assert (texts.to_pylist(), kind) == ([f"{moment:%Y-%m-%d %H:%M:%S}"], MOMENT)
    days = (moment.date() - (date(1904, 1, 1) if is_1904 else date(1899, 12, 30))).days
    texts, kind = formatted(pa.array([str(days)]), cell_format(14, None), is_1904)
    assert (texts.to_pylist(), kind) == ([f"{moment:%Y-%m-%d}"], MOMENT)


@pytest.mark.parametrize("code", ["[h]:mm", "h:mm", "dd.mm.yyyy", "dd.mm.yyyy h:mm"])
def test_a_number_that_no_calendar_has_stays_a_number(code: str) -> None:
    written = ["1E+300", "1E+400", "-1E+400", "9" * 5000, "2958466", "nan", "-1", "5.5.5"]
    texts, kind = formatted(pa.array(written), cell_format(164, code), False)
    assert (texts.to_pylist(), kind) == (["1e+300", "inf", "-inf", *written[3:]], MOMENT)


@pytest.mark.parametrize(("text", "number"), [("14", 14), ("", -1), ("-1", -1), ("²", -1), ("٣", -1), ("9" * 5000, -1)])
def test_a_number_of_a_style_is_one_of_a_few_digits(text: str, number: int) -> None:
    assert index(text) == number


def test_a_number_without_a_special_format_is_plain() -> None:
    assert formatted(pa.array(["46150"]), cell_format(0, None), False)[1] == PLAIN
