"""JSON lines: a broken line is quarantined with its number and text, a broken file is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auyl.intake import quarantine
from auyl.settings import Settings
from tests import extracts
from tests.formats import derived
from tests.formats.conftest import LoadDerived

ROWS = [extracts.jobseeker(n) for n in range(1, 31)]
OPTIONS = {"format": "jsonl"}
Refusal = Callable[..., str]


def lines(rows: derived.Rows = ROWS) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]


def test_a_broken_line_is_quarantined_with_number_text_and_rule(
    load_derived: LoadDerived, settings: Settings, tmp_path: Path
) -> None:
    text = lines()
    text[3:3] = ["\n", '{"id": "j-99", "iin"\n', "[1, 2]\n"]
    result = load_derived("employment", OPTIONS, {"j.jsonl": "".join(text).encode()})
    assert (result.status, result.rows_in, result.staged, result.quarantined) == ("accepted", 32, 30, 2)
    assert result.failed["line_unreadable"] == 2
    here = replace(settings, include=tmp_path / "include")
    frame = quarantine.quarantine(here, "derived")
    frame = frame[frame["_rules"] == "line_unreadable"]
    assert list(frame["_line"]) == [5, 6]
    assert list(frame["_text"]) == ['{"id": "j-99", "iin"', "[1, 2]"]
    assert "JSON" in frame["_reasons_ru"].iloc[0] and "JSON" in frame["_reasons_kk"].iloc[0]


def test_a_row_is_found_on_its_line(load_derived: LoadDerived, settings: Settings, tmp_path: Path) -> None:
    rows = [*ROWS, extracts.jobseeker(40, iin="123456789012")]
    load_derived("employment", OPTIONS, {"j.jsonl": "\n\n".join(s.strip() for s in lines(rows)).encode() + b"\n"})
    frame = quarantine.quarantine(replace(settings, include=tmp_path / "include"), "derived")
    assert list(frame["_line"]) == [61] and "iin_checksum" in frame["_rules"].iloc[0]


def test_numbers_and_keys_of_any_line_are_seen(load_derived: LoadDerived) -> None:
    rows = [*ROWS[:-1], {**ROWS[-1], "katoCode": 194083100, "note": {"a": [1, True]}, "Note": "b"}]
    result = load_derived("employment", OPTIONS, {"j.jsonl": "".join(lines(rows)).encode("utf-8-sig")})
    assert (result.status, result.staged, result.notes["unknown_columns"]) == ("accepted", 30, ["Note", "note"])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "0 bytes"),
        (b"\n\n", "nothing in them"),
        ("".join(lines())[:-9].encode(), "cut short"),
        (b"id;iin\n1;2\n", "line 1: expected JSON objects, one on a line; found AA;AAA"),
        (json.dumps(ROWS).encode() + b"\n", "[{"),
        ("".join(lines()).encode("cp1251", errors="replace"), "line 1"),
        (lines()[0].encode() + lines()[1].encode().replace("м".encode(), b"\xd0"), "line 2"),
    ],
    ids=["empty", "blank", "cut", "csv", "json", "cp1251", "half a letter"],
)
def test_what_is_no_text_of_objects_is_refused(refusal: Refusal, content: bytes, found: str) -> None:
    text = refusal("employment", OPTIONS, {"j.jsonl": content})
    assert "j.jsonl" in text and found in text


def test_a_last_line_without_a_line_end_is_accepted_where_the_contract_says_so(load_derived: LoadDerived) -> None:
    content = "".join(lines()).rstrip().encode()
    assert load_derived("employment", {**OPTIONS, "finalNewline": False}, {"j.jsonl": content}).staged == 30


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (lambda text: "\ufeff".encode() + text.encode(), range(1, 31)),
        (lambda text: text.replace("\n", "\r\n").encode(), range(1, 31)),
        (lambda text: text.replace("\n", "\r").encode(), range(1, 31)),
        (lambda text: text.replace("\n", "\n \n").encode(), range(1, 60, 2)),
        (lambda text: b"[\n" + text.replace("\n", ",\n").encode() + b"]\n", range(2, 32)),
        (lambda text: text.encode() + b"\x1a", range(1, 31)),
        (lambda text: text.encode() + b"\0" * 300, range(1, 31)),
        (lambda text: text.encode() + b"\xef\xbb\xbf" + text.encode(), [*range(1, 31), *range(31, 61)]),
    ],
    ids=["mark", "crlf", "cr", "blank", "array", "ctrl-z", "padding", "joined"],
)
def test_lines_are_read_as_peers_read_them(
    settings: Settings, tmp_path: Path, content: Callable[[str], bytes], records: list[int]
) -> None:
    import duckdb

    from auyl import contracts, formats

    contract = contracts.load("derived", derived.include_with(tmp_path, ("derived", "employment", dict(OPTIONS))))
    file = tmp_path / "j.jsonl"
    file.write_bytes(content("".join(lines())))
    with duckdb.connect() as con:
        result = formats.read(contract, [file], str(tmp_path), con, tmp_path)
        rows = con.execute(f"select iin, _record from '{tmp_path}/part-*.parquet' order by _record").fetchall()
    numbers = [row["iin"] for row in ROWS] * (len(records) // 30)
    assert rows == list(zip(numbers, records, strict=True))
    assert result.rejects == []


def test_a_line_in_another_encoding_is_quarantined_and_its_neighbours_are_not(
    load_derived: LoadDerived, settings: Settings, tmp_path: Path
) -> None:
    text = [line.encode("cp1251" if n == 11 else "utf-8") for n, line in enumerate(lines(), start=1)]
    result = load_derived("employment", OPTIONS, {"j.jsonl": b"".join(text)})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 30, 29)
    assert result.failed["line_not_in_encoding"] == 1
    frame = quarantine.quarantine(replace(settings, include=tmp_path / "include"), "derived")
    assert list(frame["_line"]) == [11] and ROWS[10]["iin"] in frame["_text"].iloc[0]
