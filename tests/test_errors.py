"""A refusal shows the shape of what was read, never its content."""

import pytest

from auyl.errors import shape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ОМАРОВ Айбек", "АААААА ААААА"),
        ("Li 870101300015", "AA 999999999999"),
        ("й", "А"),
        ("и\u0306", "А"),
        ("19\u200b0", "99U+200B9"),
        ("-1,5 ₸", "-9,9 ₸"),
        ("٣½", "99"),
        ("a\tb\n", "AU+0009AU+000A"),
        ("7" * 41, "9" * 40 + "…"),
        (None, "AAAA"),
    ],
)
def test_a_shape_holds_no_letter_and_no_digit_of_the_text(text: object, shown: str) -> None:
    assert shape(text) == shown
