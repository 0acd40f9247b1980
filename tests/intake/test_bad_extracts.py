"""Bad input is refused in words that say what to do, and leaves nothing behind in ledger and stage."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auyl import ledger
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests import extracts
from tests.extracts import person, population_xml, social_csv, social_row
from tests.intake.conftest import TakeIn

SOCIAL = social_csv([social_row(n) for n in range(1, 41)])
PEOPLE = population_xml([person(n) for n in range(1, 41)])
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><soap:Envelope>&c;</soap:Envelope>'
WRONG_MONTH = social_csv([social_row(n, ПЕРИОД="09.2026") for n in range(1, 41)])
ALL_BAD = social_csv([social_row(n, ИИН="123456789012") for n in range(1, 41)])
CUT = population_xml([person(1)]).rsplit(b"</persons>", 1)[0]

CASES = [
    ("social_assistance", {"s.csv": b""}, "s.csv", "an empty file, 0 bytes"),
    ("social_assistance", {"s.csv": social_csv([])}, "s.csv", "a heading and nothing below it"),
    ("social_assistance", {"s.csv": SOCIAL.decode("cp1251").encode()}, "line 1", "text in utf-8"),
    ("social_assistance", {"s.csv": SOCIAL.decode("cp1251").encode("utf-16")}, "line 1", "text in utf-16"),
    ("social_assistance", {"s.csv": SOCIAL.replace(b"\r\n", b"\r\n\x98", 3)}, "line 2", "byte 0x98"),
    (
        "social_assistance",
        {"s.csv": SOCIAL.replace("ИИН".encode("cp1251"), "ИНН".encode("cp1251"), 1)},
        "«ИИН»",
        "«ИНН»",
    ),
    ("social_assistance", {"s.csv": WRONG_MONTH}, "month_is_the_period", "at most 0.02, found 1"),
    ("social_assistance", {"s.csv": ALL_BAD}, "share_quarantined", "iin_checksum 40"),
    ("population", {"p.xml": b""}, "p.xml", "an empty file, 0 bytes"),
    ("population", {"p.xml": population_xml([])}, "p.xml", "no element"),
    ("population", {"p.xml": PEOPLE[: len(PEOPLE) // 2]}, "p.xml", "cut short"),
    ("population", {"p.xml": CUT}, "p.xml", "cut short"),
    ("population", {"p.xml": PEOPLE.replace(b"</surname>", b"</surnam>", 1)}, "line 3", "mismatch"),
    ("population", {"p.xml": BOMB}, "p.xml", "a DOCTYPE"),
    ("population", {"p.xml": PEOPLE.replace("АЙБЕК".encode(), "АЙБЕК".encode("cp1251"))}, "line 3", "UTF-8"),
    ("population", {"p.xml": PEOPLE.replace(b"<iin>", b"<inn>").replace(b"</iin>", b"</inn>")}, "«iin»", "«inn»"),
    ("population", {"p.xml": population_xml([person(1)], period="2026-09")}, "«period»", "period 2026-09"),
    ("population", {"p.xml": population_xml([person(1)], parts=2)}, "2 files", "p.xml"),
    ("population", {"p.xml": population_xml([person(1)], count=2)}, "2 records", "1 records"),
    ("population", {"p.xml": b"PK\x03\x04 not xml"}, "line 1", "begins with"),
    ("population", {"p.xml": b"<html><body>502 Bad Gateway</body></html>"}, "p.xml", "no element"),
    ("livestock", {"l.xlsx": b""}, "l.xlsx", "an empty file, 0 bytes"),
    ("livestock", {"l.xlsx": b"PK\x03\x04garbage"}, "l.xlsx", "ZIP archive"),
    ("employment", {"page-1.json": b""}, "page-1.json", "0 bytes"),
    ("employment", {"page-1.json": extracts.page([])}, "page-1.json", "no item"),
    ("employment", {"page-1.json": extracts.page([extracts.jobseeker(1)])[:-20]}, "page-1.json", "line 1"),
    ("employment", {"page-1.json": extracts.page([extracts.jobseeker(1)], total=9)}, "9 items", "1 items"),
    ("employment", {"page-1.json": extracts.page([extracts.jobseeker(1)], period="2026-09")}, "period", "2026-09"),
    (
        "employment",
        {"a.json": extracts.page([extracts.jobseeker(1)]), "b.json": extracts.page([])},
        "page 1 again",
        "b.json",
    ),
    (
        "population",
        {f"p{n}.xml": population_xml([person(n)], part=part, parts=2) for n, part in ((1, 1), (2, 1))},
        "p2.xml",
        "part 1 again, after p1.xml",
    ),
    ("social_assistance", {"s.csv": SOCIAL, "t.csv": SOCIAL}, "t.csv", "every byte of s.csv"),
    (
        "employment",
        {f"{n}.json": extracts.page([extracts.jobseeker(n)], n, 3, 2) for n in (1, 3)},
        "3 pages, as the answer says",
        "2 files",
    ),
    (
        "employment",
        {f"{n}.json": extracts.page([extracts.jobseeker(n)], n, 2, n) for n in (1, 2)},
        "1 items, as on the pages before",
        "2 on page 2",
    ),
]


@pytest.mark.parametrize(("registry", "files", "place", "found"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_bad_extract_is_refused_in_clear_words(
    take_in: TakeIn, settings: Settings, registry: str, files: dict[str, bytes], place: str, found: str
) -> None:
    result = take_in(registry, files)
    assert result.status == "refused"
    text = str(result.refusal)
    assert registry in text and place in text and found in text and "Fix" in text
    assert ledger.current_batches(settings, registry, extracts.PERIOD) == []
    assert Lake(settings.lake).files("stage") == []


def test_refusal_leaves_the_former_batch_current(take_in: TakeIn, settings: Settings) -> None:
    good = take_in("social_assistance", {"s.csv": SOCIAL})
    before = ledger.current_batches(settings, "social_assistance", extracts.PERIOD)
    bad = take_in("social_assistance", {"s.csv": ALL_BAD}, made=datetime(2026, 11, 9, tzinfo=UTC))
    assert (good.status, bad.status) == ("accepted", "refused")
    assert ledger.current_batches(settings, "social_assistance", extracts.PERIOD) == before


def test_archive_that_unpacks_without_end_is_refused_before_it_is_read(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    bomb = tmp_path / "livestock_2026-10.xlsx"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as out,
    ):
        for _ in range(200):
            out.write(b"\0" * (1 << 20))
    assert bomb.stat().st_size < 1 << 20
    result = take_in("livestock", bomb)
    assert result.status == "refused"
    assert "at most 67,108,864 bytes unpacked" in str(result.refusal)


def test_workbook_without_the_heading_names_the_column_and_the_nearest(take_in: TakeIn, tmp_path: Path) -> None:
    heading = ("Инд. номер", *extracts.LIVESTOCK_HEADING[1:])
    book = extracts.livestock_xlsx(tmp_path / "l.xlsx", {"КРС": [extracts.animal(1)]}, heading)
    result = take_in("livestock", book)
    assert result.status == "refused"
    assert "l.xlsx#КРС, line 3, column «ИНЖ»" in str(result.refusal)
    assert "Инд. номер" in str(result.refusal)


def test_two_parts_of_different_months_are_refused(take_in: TakeIn) -> None:
    parts = {
        f"p{n}.xml": population_xml([person(n)], period=period, part=n, parts=2)
        for n, period in ((1, "2026-09"), (2, "2026-10"))
    }
    result = take_in("population", parts)
    assert result.status == "refused" and "period 2026-09, as in the other files" in str(result.refusal)


def test_a_prefix_that_nobody_declared_crashes_nothing_and_loses_nothing(take_in: TakeIn) -> None:
    text = population_xml([person(1)]).replace(b'xmlns:ns2="http://bip.bee.kz/SyncChannel/v10/Types" ', b"")
    result = take_in("population", {"p.xml": text})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 1, 1), result.refusal
