"""ИИН, БИН, codes and the keyed hash: Python and SQL agree, and what must be refused is refused."""

import hashlib
import hmac
import random
import secrets
from datetime import date
from pathlib import Path

import pytest

from auyl import identifiers
from auyl.settings import from_environment
from tests import iin
from tests.macros import ask

SECOND_PASS = "801228419808"


@pytest.fixture(scope="module")
def numbers() -> list[str]:
    chance = random.Random(20261101)
    made = [f"{chance.randrange(10**12):012d}" for _ in range(20_000)]
    for _ in range(20_000):
        prefix = f"{chance.randrange(10**11):011d}"
        if digit := iin.check_digit(prefix):
            made.append(prefix + digit)
    return made


def test_sql_and_python_agree_on_random_numbers(con, numbers):
    rows = con.execute(
        "select iin_is_valid(v), bin_is_valid(v), iin_birth_date(v), iin_sex(v) from (select unnest(?) as v)", [numbers]
    ).fetchall()
    expected = [
        (
            iin.iin_is_valid(number),
            iin.bin_is_valid(number),
            iin.iin_birth_date(number),
            iin.iin_sex(number),
        )
        for number in numbers
    ]
    assert rows == expected
    assert sum(row[0] for row in rows) > 19_000


def test_numbers_of_the_second_pass_and_without_a_digit_are_among_them(con):
    chance = random.Random(7)
    prefixes = [f"{chance.randrange(10**11):011d}" for _ in range(5_000)]
    second = [
        prefix
        for prefix in prefixes
        if sum(int(d) * w for d, w in zip(prefix, iin.FIRST_WEIGHTS, strict=True)) % 11 == 10
    ]
    rows = con.execute(
        """select p, string_agg(d, '') filter (where iin_is_valid(p || d))
        from (select unnest(?) as p) cross join (select unnest(string_split('0123456789', '')) as d) group by p""",
        [second],
    ).fetchall()
    assert dict(rows) == {prefix: iin.check_digit(prefix) for prefix in second}
    assert 350 < len(second) < 560
    assert sum(valid is None for _, valid in rows) > 15


@pytest.mark.parametrize("number", ["980606350320", SECOND_PASS, "240540000125", "150344003452"])
def test_worked_examples_are_valid(con, number):
    assert iin.iin_is_valid(number)
    assert ask(con, "iin_is_valid", number) is True


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "98060635032",
        "9806063503200",
        "980606350321",
        " 980606350320",
        "980606350320\n",
        "+80606350320",
        "98060635032O",
        "1234567890e1",
        "٩٨٠٦٠٦٣٥٠٣٢٠",
        "９８０６０６３５０３２０",
    ],
)
def test_a_wrong_number_is_refused(con, text):
    assert iin.iin_is_valid(text) is False
    assert ask(con, "iin_is_valid", text) is False
    assert ask(con, "bin_is_valid", text) is False


def test_the_eleventh_digit_is_unprotected_in_the_first_pass():
    """Weight 11 vanishes modulo 11: a checksum does not replace the comparison of birth dates."""
    assert all(iin.iin_is_valid(f"9806063503{digit}0") for digit in "0123456789")


def test_check_digit_wants_eleven_digits():
    with pytest.raises(ValueError, match="eleven"):
        iin.check_digit("980606350320")


@pytest.mark.parametrize(
    ("number", "born", "sex"),
    [
        ("980606350320", date(1998, 6, 6), "m"),
        ("801228419808", date(1980, 12, 28), "f"),
        ("010230550320", None, "m"),
        ("990101150000", date(1899, 1, 1), "m"),
        ("240229650000", date(2024, 2, 29), "f"),
        ("230229650000", None, "f"),
        ("240540000125", None, None),
        (None, None, None),
    ],
)
def test_birth_date_and_sex(con, number, born, sex):
    assert (iin.iin_birth_date(number), iin.iin_sex(number)) == (born, sex)
    assert (ask(con, "iin_birth_date", number), ask(con, "iin_sex", number)) == (born, sex)


@pytest.mark.parametrize(
    ("number", "kind"), [("240540000125", "bin"), ("150344003452", "bin"), ("980606350320", "iin"), ("1", None)]
)
def test_iin_and_bin_are_told_apart(con, number, kind):
    assert ask(con, "iin_or_bin_kind", number) == kind


@pytest.mark.parametrize(
    ("macro", "good", "bad"),
    [
        ("kato_is_wellformed", ["194083100"], ["94083100", "194083100.0", "094083100", "19408310٠", None]),
        ("rca_is_wellformed", ["0201300123456789"], ["201300123456789", "0201300 23456789", None]),
        (
            "livestock_number_is_valid",
            ["KZB112345678", "KZL512345678", "398000012345678"],
            ["KZB612345678", "KZB11234567", "КZB112345678", "kzb112345678", "KZG112345678", None],
        ),
    ],
)
def test_forms_of_codes(con, macro, good, bad):
    assert [ask(con, macro, value) for value in good] == [True] * len(good)
    assert [ask(con, macro, value) for value in bad] == [False] * len(bad)


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("8 (701) 123-45-67", "+77011234567"),
        ("+7 701 123 45 67", "+77011234567"),
        ("77011234567", "+77011234567"),
        ("7011234567", "+77011234567"),
        ("87277512345", "+77277512345"),
        ("+1 701 123 45 67", None),
        ("701123456", None),
        ("нет", None),
        (None, None),
    ],
)
def test_phone(con, text, phone):
    assert ask(con, "phone_normalise", text) == phone


@pytest.mark.parametrize("size", [16, 32, 64, 65, 200])
def test_keyed_hash_is_hmac_sha256(con, size):
    key = secrets.token_bytes(size)
    inner, outer = identifiers.hmac_pads(key)
    texts = ["980606350320", "", "Қонаев Әділ ұлы", "x" * 500]
    rows = con.execute("select keyed_hash(unnest(?), ?, ?)", [texts, inner, outer]).fetchall()
    expected = [hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32] for text in texts]
    assert [row[0] for row in rows] == expected
    assert [identifiers.keyed_hash(text, key) for text in texts] == expected


def test_no_value_has_no_hash(con):
    inner, outer = identifiers.hmac_pads(b"k" * 32)
    assert con.execute("select keyed_hash(null, ?, ?)", [inner, outer]).fetchone() == (None,)
    assert identifiers.keyed_hash(None, b"k" * 32) is None


def test_each_macro_file_says_its_source():
    for path in sorted((from_environment().include / "sql" / "macros").glob("*.sql")):
        assert Path(path).read_text(encoding="utf-8").startswith("-- "), path
