"""Pages of JSON: every value as the document writes it, what is no value marked, every claim of a page checked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auyl import contracts, formats
from auyl.formats.marks import BROKEN_TEXT, REPEATED, STRUCTURE, mark
from auyl.settings import Settings
from tests import extracts
from tests.formats import derived
from tests.formats.conftest import LoadDerived

OPTIONS: dict[str, Any] = {"format": "json", "items": "items", "total": "total", "envelope": {"period": "period"}}
LINES: dict[str, Any] = {"format": "jsonl"}
ROWS = [extracts.jobseeker(n) for n in range(1, 31)]
Refusal = Callable[..., str]
Rows = list[dict[str, str | None]]


def page(rows: list[object], /, **fields: object) -> bytes:
    return json.dumps({"page": 1, "total": len(rows), "items": rows} | fields, ensure_ascii=False).encode()


@pytest.fixture(params=["json", "jsonl"])
def raw_with(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Rows]:
    """Raw rows of objects written as JSON text by hand, read as a page and as lines: the same for both."""

    def run(*objects: str) -> Rows:
        import duckdb

        content = '{"page": 1, "items": [' + ", ".join(objects) + "]}" if request.param == "json" else None
        options = dict(OPTIONS) if content else dict(LINES)
        include = derived.include_with(tmp_path, ("derived", "employment", options))
        file = tmp_path / "e"
        file.write_text(content or "".join(one + "\n" for one in objects), "utf-8")
        with duckdb.connect() as con:
            formats.read(contracts.load("derived", include), [file], str(tmp_path), con, tmp_path)
            answer = con.execute(f"from '{tmp_path}/part-*.parquet' order by _record")
            names = [column[0] for column in answer.description]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    return run


def an_object(**changed: str) -> str:
    """A seeker whose values are given as JSON text."""
    values = {key: json.dumps(value, ensure_ascii=False) for key, value in ROWS[0].items()} | changed
    return "{" + ", ".join(f'"{key}": {value}' for key, value in values.items()) + "}"


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("-0.0", "-0.0"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("9" * 5000, "9" * 5000),
        ("true", "true"),
        ("false", "false"),
        ("null", None),
        ('""', ""),
        ('"1.10"', "1.10"),
        ('"tab\\tand \\u0436"', "tab\tand ж"),
        ('"a: \\"b\\": c"', 'a: "b": c'),
        ('"\\ud83d\\ude00"', "😀"),
        ('{"ru": "Есік"}', f'{STRUCTURE} {{"ru": "Есік"}}'),
        ('["охранник", 2]', f'{STRUCTURE} ["охранник", "2"]'),
        ("{}", f"{STRUCTURE} {{}}"),
        ("[]", f"{STRUCTURE} []"),
        ("NaN", f"{BROKEN_TEXT} NaN"),
        ("-Infinity", f"{BROKEN_TEXT} -Infinity"),
        ('"продавец \\ud83d"', f"{BROKEN_TEXT} продавец \\ud83d"),
        ('"\\udc00"', f"{BROKEN_TEXT} \\udc00"),
    ],
)
def test_a_value_is_written_as_the_document_writes_it(
    raw_with: Callable[..., Rows], written: str, cell: str | None
) -> None:
    rows = raw_with(an_object(), an_object(profession=written), an_object())
    assert [row["profession"] for row in rows] == [ROWS[0]["profession"], cell, ROWS[0]["profession"]]
    assert {row["iin"] for row in rows} == {ROWS[0]["iin"]}


@pytest.mark.parametrize(
    ("second", "cell"),
    [
        ('"profession": "повар"', f"{REPEATED} охранник | повар"),
        ('"profession" : null', f"{REPEATED} охранник | null"),
        ('"profession": "охранник"', "охранник"),
        ('"profession": ["a"]', f'{REPEATED} охранник | {STRUCTURE} ["a"]'),
    ],
)
def test_a_key_that_stands_twice_with_different_values_is_marked(
    raw_with: Callable[..., Rows], second: str, cell: str
) -> None:
    first = an_object(profession='"охранник"')
    rows = raw_with(first[:-1] + ", " + second + "}", first)
    assert [row["profession"] for row in rows] == [cell, "охранник"]


def test_two_keys_of_a_column_that_differ_in_an_invisible_mark_are_one_column(raw_with: Callable[..., Rows]) -> None:
    one = an_object(profession='"охранник"')
    rows = raw_with(one, one.replace('"profession"', '"profes\u200bsion"'), one[:-1] + ', "profession\u200e": "повар"}')
    assert [row["profession"] for row in rows] == ["охранник", "охранник", f"{REPEATED} охранник | повар"]


def test_keys_are_looked_for_in_every_item(load_derived: LoadDerived) -> None:
    rows = [extracts.jobseeker(n) for n in range(1, 301)]
    rows[-1] = {**rows[-1], "note": "a"}
    for row in rows[:-1]:
        del row["profession"]
    result = load_derived("employment", OPTIONS, {"p.json": page(rows)})
    assert (result.status, result.staged, result.notes["unknown_columns"]) == ("accepted", 300, ["note"])


def test_a_required_key_may_be_left_out_on_a_small_last_page(load_derived: LoadDerived) -> None:
    """Services leave out keys without a value: columns are asked of all pages together."""
    last = {key: value for key, value in extracts.jobseeker(40).items() if key != "status"}
    pages = {"p-1.json": page(ROWS, total=31), "p-2.json": page([last], page=2, total=31)}
    result = load_derived("employment", OPTIONS, pages)
    assert (result.status, result.rows_in) == ("accepted", 31)


@pytest.mark.parametrize("renamed", [1, 2])
def test_a_page_that_calls_a_required_column_by_another_key_is_refused(refusal: Refusal, renamed: int) -> None:
    others = [{("person_iin" if key == "iin" else key): value for key, value in row.items()} for row in ROWS]
    first, second = (others, ROWS) if renamed == 1 else (ROWS, others)
    text = refusal(
        "employment", OPTIONS, {"p-1.json": page(first, total=60), "p-2.json": page(second, page=2, total=60)}
    )
    assert f"p-{renamed}.json" in text and "column «iin»" in text and "person_iin" in text


@pytest.mark.parametrize(
    ("fields", "expected", "found"),
    [
        ({"total": {"value": 30}}, "column «total»: expected a whole number", "found an object"),
        ({"total": "30 записей"}, "a whole number", "«99 ААААААА»"),
        ({"total": 30.5}, "a whole number", "the number 99.9"),
        ({"total": True}, "a whole number", "true"),
        ({"total": 10**400}, "a whole number", "the number 999"),
        ({"total": 31}, "31 items", "30 items"),
        ({"page": [1]}, "column «page»: expected the number of the page", "a list"),
        ({"page": {"n": 1}}, "the number of the page", "an object"),
        ({"period": {"from": "2026-10"}}, "column «period»: expected a text", "an object"),
        ({"items": None}, "a list «items»", "null"),
        ({"items": {"1": {}}}, "a list «items»", "an object"),
    ],
)
def test_an_odd_claim_of_a_page_is_refused_in_words(
    refusal: Refusal, fields: dict[str, object], expected: str, found: str
) -> None:
    text = refusal("employment", OPTIONS, {"p.json": page(ROWS, **fields)})
    assert "p.json" in text and expected in text and found in text


@pytest.mark.parametrize("total", ["30", 30])
def test_a_count_may_be_written_as_text(load_derived: LoadDerived, total: object) -> None:
    assert load_derived("employment", OPTIONS, {"p.json": page(ROWS, total=total, page="1")}).staged == 30


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"[]", "a list"),
        (b'"870101300015"', "the text «999999999999»"),
        (b"null", "null"),
        (b"NaN", "the text"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"items": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        (b'{"error": "x", "860101300015": 1}', "keys error, 999999999999"),
    ],
    ids=["list", "text", "null", "nan", "open lists", "lists", "other keys"],
)
def test_another_document_is_refused_by_its_shape(refusal: Refusal, content: bytes, found: str) -> None:
    text = refusal("employment", OPTIONS, {"p.json": content})
    assert "p.json" in text and found in text


def test_an_item_that_is_no_object_is_one_quarantined_line(load_derived: LoadDerived, settings: Settings) -> None:
    items: list[object] = [*ROWS, None, "Омаров", 7]
    result = load_derived("employment", OPTIONS, {"p.json": page(items)})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 33, 30)
    assert result.failed["line_unreadable"] == 3


def test_padding_after_the_document_is_no_damage(load_derived: LoadDerived) -> None:
    assert load_derived("employment", OPTIONS, {"p.json": page(ROWS) + b"\0" * 700 + b"\x1a"}).staged == 30


@pytest.mark.parametrize("options", [OPTIONS, LINES], ids=["json", "jsonl"])
def test_an_object_in_a_required_column_quarantines_its_row_only(
    load_derived: LoadDerived, options: dict[str, Any]
) -> None:
    rows: list[object] = [*ROWS[:-1], {**ROWS[-1], "registeredAt": {"date": ROWS[-1]["registeredAt"]}}]
    content = page(rows) if options is OPTIONS else "".join(json.dumps(row) + "\n" for row in rows).encode()
    result = load_derived("employment", options, {"p": content})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 30, 29)
    assert result.failed["cell_of_another_kind"] == 1


def test_an_object_where_a_value_is_promised_quarantines_its_row_and_is_drift(load_derived: LoadDerived) -> None:
    rows = [{**row, "profession": "повар" if n >= 3 else {"ru": "повар"}} for n, row in enumerate(ROWS)]
    result = load_derived("employment", OPTIONS, {"p.json": page(rows)})
    assert (result.status, result.staged, result.quarantined) == ("accepted", 27, 3)
    assert result.failed["cell_of_another_kind"] == 3
    found = [drift.found for drift in result.drifts if (drift.kind, drift.name) == ("column_retyped", "profession")]
    assert found == ["cells: 3 of kind STRUCTURE"]


@pytest.mark.parametrize("own", ["utf-16", "utf-16-le", "utf-16-be"])
def test_json_in_another_encoding_is_refused_in_words(refusal: Refusal, own: str) -> None:
    text = refusal("employment", OPTIONS, {"p.json": page(ROWS).decode().encode(own)})
    assert "expected whole JSON in UTF-8; found text in UTF-16" in text


def test_a_nul_in_one_value_is_one_broken_cell(raw_with: Callable[..., Rows]) -> None:
    rows = raw_with(an_object(), an_object(lastName='"Омар\\u0000в"'), an_object(note='"a\\u0000"'))
    assert [row["surname"] for row in rows] == [
        ROWS[0]["lastName"], mark(BROKEN_TEXT, "Омар\\x00в"), ROWS[0]["lastName"],
    ]  # fmt: skip
    assert rows[2]["unknown:note"] == mark(BROKEN_TEXT, "a\\x00")


def test_a_nul_in_a_key_or_in_the_envelope_is_refused(refusal: Refusal) -> None:
    for content, found in (
        (page([{**ROWS[0], "no\0te": "1"}, *ROWS[1:]]), "a key with a NUL in it"),
        (page(ROWS, period="2026-10\0"), "U+0000"),
    ):
        assert found in refusal("employment", OPTIONS, {"p.json": content})


PAGED = OPTIONS | {"pages": "pages", "envelope": {"period": "period", "extracted_at": "asOf"}}


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ([{"page": 0, "pages": 0}], "0 pages, as the answer says; found 1 files"),
        ([{"page": 1, "pages": 0}], "0 pages, as the answer says; found 1 files"),
        ([{"page": 2}], "pages that follow one another from the first; found pages 2"),
        ([{"page": 1, "pages": 2}, {"page": 3, "pages": 2}], "found pages 1, 3"),
        ([{"page": 0, "pages": 2}, {"page": 2, "pages": 2}], "found pages 0, 2"),
        (
            [{"asOf": "2026-10-31"}, {"page": 2, "asOf": "2026-11-01"}],
            "column «asOf»: expected the moment of the pages",
        ),
    ],
)
def test_pages_that_are_not_one_whole_are_refused(
    refusal: Refusal, stated: list[dict[str, object]], found: str
) -> None:
    size = len(ROWS) // len(stated)
    pages = {
        f"p{n}.json": page(ROWS[n * size : (n + 1) * size], total=len(ROWS), **fields)
        for n, fields in enumerate(stated)
    }
    assert found in refusal("employment", PAGED, pages)


def test_pages_counted_from_zero_are_whole(load_derived: LoadDerived) -> None:
    pages = {
        f"p{n}.json": page(ROWS[n * 15 : n * 15 + 15], total=30, page=n, pages=2, asOf="2026-10-31") for n in (0, 1)
    }
    assert load_derived("employment", PAGED, pages).staged == 30
