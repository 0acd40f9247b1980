"""Headings and keys are matched as people see them, and one that stands twice is never chosen between."""

import unicodedata

import pytest

from auyl import contracts
from auyl.contracts import match_headings, match_keys, shown
from auyl.errors import ExtractRefused, shape
from auyl.formats.common import distinct
from auyl.settings import REPOSITORY

SOCIAL = contracts.load("social_assistance", REPOSITORY / "include")
EMPLOYMENT = contracts.load("employment", REPOSITORY / "include")
HEADINGS = [column.source for column in SOCIAL.columns]


def _matched(headings: list[str]) -> dict[str, str]:
    return {c.source: h for c, h in match_headings(SOCIAL, distinct(headings), "s.csv", 1).items()}


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("РАЙОН", unicodedata.normalize("NFD", "РАЙОН")),
        ("РАЙОН", unicodedata.normalize("NFD", "район")),
        ("ИИН", "\ufeffИИН"),
        ("ИИН", "И\u200bИН\u200e"),
        ("ИИН", "\u061cИ\u034fИН\ufe0f"),
        ("ДАТА РОЖДЕНИЯ", "ДАТА\u00a0РО\u00adЖДЕНИЯ "),
        ("ДАТА РОЖДЕНИЯ", "дата\nрождения"),
        ("ИИН", "ИИH"),
        ("РАЙОН", "PАЙOН"),
        ("РАЙОН", "pайoн"),
    ],
)
def test_a_heading_is_matched_as_it_looks(source: str, seen: str) -> None:
    headings = [seen if heading == source else heading for heading in HEADINGS]
    assert seen != source
    assert _matched(headings) == dict(zip(HEADINGS, headings, strict=True))


def test_a_heading_in_its_own_letters_goes_before_one_that_looks_like_it() -> None:
    assert _matched([*HEADINGS, "ИИH"])["ИИН"] == "ИИН"


@pytest.mark.parametrize(
    "doubled", [[*HEADINGS, "ИИН"], ["ИИH", *(h for h in HEADINGS if h != "ИИН"), "ИИH"], [*HEADINGS, " ИИН\u200b"]]
)
def test_a_column_whose_heading_stands_twice_is_refused_with_both_places(doubled: list[str]) -> None:
    with pytest.raises(ExtractRefused) as refused:
        _matched(doubled)
    places = [n for n, heading in enumerate(doubled, start=1) if heading.strip(" \u200b") in ("ИИН", "ИИH")]
    assert refused.value.expected == "one heading for the column"
    assert refused.value.column == "ИИН"
    assert all(f"in column {place}" in refused.value.found for place in places)


def test_headings_that_no_column_claims_may_stand_twice() -> None:
    assert _matched([*HEADINGS, "Примечание", "Примечание"]) == {h: h for h in HEADINGS}


def test_a_missing_column_names_the_letters_of_two_alphabets() -> None:
    headings = ["ФAMИЛИИЯ" if heading == "ФАМИЛИЯ" else heading for heading in HEADINGS]
    with pytest.raises(ExtractRefused, match="nearest unclaimed one is «ФAMИЛИИЯ», which has 2 Latin letters"):
        _matched(headings)


def test_cells_in_the_place_of_headings_are_shown_as_shapes() -> None:
    with pytest.raises(ExtractRefused) as refused:
        _matched(["1", "870101300015", "Омаров", "Айбек"])
    assert refused.value.found == "no such column among the unclaimed: 9, 999999999999, АААААА, ААААА"


def test_keys_are_matched_without_invisible_marks_and_by_their_look() -> None:
    keys = {column.source for column in EMPLOYMENT.columns} - {"iin", "status"}
    matched = match_keys(EMPLOYMENT, keys | {"\u0456\u0456n", "iin\u200b", "stаtus", "Iin"}, "p.json")
    names = {column.source: names for column, names in matched.items()}
    assert names["iin"] == ["iin\u200b"]
    assert names["status"] == ["stаtus"]


def test_a_record_joined_to_the_heading_is_not_quoted() -> None:
    joined = [*HEADINGS[:-1], HEADINGS[-1] + "17", "930418359442", "АХМЕТОВА", "АЙГУЛЬ", "02.09.1983"]
    without = [heading for heading in joined if heading != "ИИН"]
    with pytest.raises(ExtractRefused) as refused:
        _matched(without)
    assert refused.value.column == "ИИН"
    assert "999999999999" in refused.value.found
    assert not any(cell in str(refused.value) for cell in joined[-4:])


@pytest.mark.parametrize(
    ("heading", "is_known"),
    [
        ("ФАМИЛИЯ ПОЛУЧАТЕЛЯ", True), ("ФАМИЛИИЯ", True), ("Дата рожд.", True), ("note (17)", True),
        ("Сумма 2026", True), ("Примечание", True), ("УЛПАН", False), ("Омарова Айгуль", False), ("Шелек ауылы", False),
        ("Сумма 870101300015", False), ("1987", False), ("01.01.1987", False), ("Omarova", False), ("Ким Лан", False),
        ("ОМАРОВ (3)", False), ("Район Шелекский", False), ("+7 701 123", False),
    ],
)  # fmt: skip
def test_an_unknown_heading_is_shown_where_its_words_are_those_of_headings(heading: str, is_known: bool) -> None:
    """Any other may be a cell of a person's row that took the heading's place."""
    (text,) = shown(SOCIAL, [heading])
    assert text == (heading if is_known else f"{shape(heading)} (1)")
    without = [one for one in HEADINGS if one != "ИИН"]
    with pytest.raises(ExtractRefused) as refused:
        _matched([heading, *without])
    assert (heading in refused.value.found) is is_known


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Сумма на 31.10.2026", "Сумма на 99.99.9999 (1)"), ("Дата рождения 1/2/87 г.", "Дата рождения 9/9/99 г. (1)"),
        ("Дата рождения 1987-01-30", "Дата рождения 9999-99-99 (1)"),
        ("Сумма за 10.2026", "Сумма за 10.2026"), ("Код 1.2.3", "Код 1.2.3"),
    ],
)  # fmt: skip
def test_a_day_in_an_unknown_heading_is_shown_by_its_shape(heading: str, words: str) -> None:
    """It is a cell of many rows too."""
    assert shown(SOCIAL, [heading]) == [words]
    with pytest.raises(ExtractRefused) as refused:
        _matched([heading, *[one for one in HEADINGS if one != "ИИН"]])
    assert words.removesuffix(" (1)") in refused.value.found
