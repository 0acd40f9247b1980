"""ZIP: landed unchanged, unpacked safely, every row traced to archive and member."""

import io
import itertools
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auyl.intake import quarantine
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests import extracts
from tests.extracts import social_csv, social_row
from tests.formats.conftest import LoadDerived
from tests.formats.derived import zipped

OPTIONS: dict[str, Any] = {"format": "csv", "archive": "zip", "memberPattern": "*.csv"}
GOOD = social_csv([social_row(n) for n in range(1, 21)])
MORE = social_csv([social_row(n) for n in range(21, 41)])
Refusal = Callable[..., str]
ENCODINGS = ("cp866", "cp1251", "utf-8", "utf-8 of macOS", "unicode path")


def test_rows_name_archive_and_member_and_the_archive_is_landed_unchanged(
    load_derived: LoadDerived, settings: Settings, tmp_path: Path
) -> None:
    bad = social_csv([*(social_row(n) for n in range(21, 40)), social_row(40, ИИН="123456789012"), ["1", "2"]])
    archive = zipped({"а.csv": GOOD, "Талгар/б.csv": bad})
    result = load_derived("social_assistance", OPTIONS, {"10.zip": archive})
    assert (result.status, result.rows_in, result.staged) == ("accepted", 41, 39)
    assert set(result.notes["files"]) == {"10.zip/а.csv", "10.zip/Талгар/б.csv"}
    lake = Lake(settings.lake)
    (landed,) = [path for path in lake.files("landing") if path.endswith(".zip")]
    assert lake.read(landed) == archive
    frame = quarantine.quarantine(replace(settings, include=tmp_path / "include"), "derived")
    assert set(zip(frame["_file"], frame["_line"], strict=True)) == {("10.zip/Талгар/б.csv", n) for n in (21, 22)}


def test_workbooks_and_xml_are_read_from_archives_too(load_derived: LoadDerived, tmp_path: Path) -> None:
    book = extracts.livestock_xlsx(tmp_path / "x.xlsx", {"КРС": [extracts.animal(n) for n in range(1, 11)]})
    options = {"format": "xlsx", "archive": "zip", "memberPattern": "*.xlsx"}
    result = load_derived("livestock", options, {"l.zip": zipped({"l.xlsx": book.read_bytes()})})
    assert (result.staged, set(result.notes["files"])) == (10, {"l.zip/l.xlsx#КРС"})


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        *itertools.product(("выгрузка_АСП.csv", "Талгар/Свод за октябрь.csv", "ОТЧЕТ.csv", "й.csv"), ENCODINGS),
        *(("Қонаев.csv", encoding) for encoding in ENCODINGS[2:]),
    ],
)
def test_names_of_members_are_read_as_their_archiver_wrote_them(
    load_derived: LoadDerived, name: str, encoding: str
) -> None:
    """Explorer and 7-Zip write cp866, others cp1251, macOS decomposed UTF-8 that is not marked, WinRAR a field."""
    written = unicodedata.normalize("NFD", name) if "macOS" in encoding else name
    stored = b"?" * len(name) if encoding == "unicode path" else written.encode(encoding.split(" ")[0])
    item = zipfile.ZipInfo("a" * len(stored))
    if encoding == "unicode path":
        field = struct.pack("<BI", 1, zlib.crc32(stored)) + name.encode()
        item.extra = struct.pack("<HH", 0x7075, len(field)) + field
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(item, GOOD)
        archive.writestr("__MACOSX/._" + "b" * len(stored), b"\0\5\x16\7")
    content = out.getvalue().replace(b"a" * len(stored), stored).replace(b"b" * len(stored), stored)
    result = load_derived("social_assistance", OPTIONS, {"s.zip": content})
    assert set(result.notes["files"]) == {f"s.zip/{name}"}
    assert result.staged == 20


def test_what_a_system_leaves_in_an_archive_is_no_member(load_derived: LoadDerived) -> None:
    left = ("Thumbs.db", "d/desktop.ini", ".DS_Store", "~$s.csv", "__MACOSX/d/._s.csv", "._s.csv")
    archive = zipped({"d/s.csv": GOOD} | dict.fromkeys(left, b"x"))
    assert set(load_derived("social_assistance", OPTIONS, {"s.zip": archive}).notes["files"]) == {"s.zip/d/s.csv"}


def test_members_that_the_contract_ignores_are_skipped(load_derived: LoadDerived) -> None:
    archive = zipped({"s.csv": GOOD, "__MACOSX/s.csv": b"x", "readme.txt": b"x"})
    options = OPTIONS | {"ignoreMembers": ["__MACOSX/*", "*.txt"]}
    assert load_derived("social_assistance", options, {"s.zip": archive}).staged == 20


def link() -> bytes:
    item = zipfile.ZipInfo("s.csv")
    item.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(item, "/etc/passwd")
    return out.getvalue()


def locked() -> bytes:
    content = bytearray(zipped({"s.csv": GOOD}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.index(magic) + at
        struct.pack_into("<H", content, start, struct.unpack_from("<H", content, start)[0] | 1)
    return bytes(content)


def packed_by(method: int) -> bytes:
    content = bytearray(zipped({"s.csv": GOOD}))
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", content, content.index(magic) + at, method)
    return bytes(content)


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("s.csv", "w") as member:
        for _ in range(100):
            member.write(b"\0" * (1 << 20))
    return out.getvalue()


TWICE = zipped({"s.csv": GOOD, "t.csv": MORE}).replace(b"t.csv", b"s.csv")
DAMAGED = zipped({"s.csv": GOOD})
DAMAGED = DAMAGED[:60] + bytes([DAMAGED[60] ^ 255]) + DAMAGED[61:]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("archive", "expected", "found"),
    [
        (b"", "at least one record", "0 bytes"),
        (GOOD, "a whole ZIP archive", "text, such as CSV"),
        (zipped({"s.csv": GOOD})[:-30], "a whole ZIP archive", "without its end"),
        (b"PK\x07\x08" + zipped({"s.csv": GOOD})[:-30], "a whole ZIP archive", "first part of a split archive"),
        (packed_by(9), "members packed by Deflate", "packed by deflate64"),
        (packed_by(98), "members packed by Deflate", "packed by ppmd"),
        (DAMAGED, "a whole ZIP archive", ""),
        (zipped({}), "at least one record", "no member named *.csv"),
        (zipped({"s.csv": GOOD, "s.xml": b"x"}), "members named *.csv", "s.xml"),
        (zipped({"../../s.csv": GOOD}), "names inside the archive", "../../s.csv"),
        (zipped({"/tmp/s.csv": GOOD}), "names inside the archive", "/tmp/s.csv"),
        (zipped({"C:\\s.csv": GOOD}), "names inside the archive", "s.csv"),
        (link(), "files only", "a link"),
        (locked(), "without a password", "s.csv"),
        (bomb(), "at most 67,108,864 bytes unpacked", "packed"),
        (TWICE, "each name once", "s.csv"),
        (zipped({"s.csv": zipped({"s.csv": GOOD})}), "no archive inside an archive", "ZIP"),
        (zipped({"s.csv": b"Rar!\x1a\x07\0" + GOOD}), "no archive inside an archive", "RAR"),
        (zipped({f"{n}.csv": GOOD for n in range(1001)}), "at most 1,000 members", "1,001"),
        (zipped({"s.csv": b""}), "at least one record", "0 bytes"),
        (zipped({"s.csv": GOOD, "t.csv": MORE[:-7]}), "a line end after the last line", "cut short"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_archive_that_is_unsafe_or_damaged_is_refused(
    refusal: Refusal, settings: Settings, archive: bytes, expected: str, found: str
) -> None:
    text = refusal("social_assistance", OPTIONS, {"s.zip": archive})
    assert "s.zip" in text and expected in text and found in text
    assert Lake(settings.lake).files("stage") == []
