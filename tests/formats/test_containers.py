"""A file of another container than the contract promises is refused by its name, before a reader opens it."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from auyl import contracts
from auyl.errors import ExtractRefused
from auyl.formats import read
from auyl.settings import Settings
from tests import extracts

Refusal = Callable[..., str]
Refuse = Callable[[str, bytes], ExtractRefused]
CSV = extracts.social_csv([extracts.social_row(n) for n in range(1, 9)])
HTML = "<!DOCTYPE html>\n<html><body>Сессия истекла, войдите снова</body></html>".encode("cp1251")
FAULT = (
    b'<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>\n<s:Fault>'
    b"<faultcode>s:Server</faultcode></s:Fault></s:Body></s:Envelope>"
)
SPREADSHEETML = (
    b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet/></Workbook>'
)
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)


def zipped(*names: str, **first: bytes) -> bytes:
    """A ZIP archive with members of these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (first | dict.fromkeys(names, b"<x/>")).items():
            archive.writestr(name, content)
    return out.getvalue()


KINDS = {
    "a gzip archive": gzip.compress(CSV),
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c\0\4" + bytes(64),
    "a RAR archive": b"Rar!\x1a\x07\1\0" + bytes(64),
    "a ZIP archive with 1 file in it (.csv)": zipped("Декабрь.csv"),
    "a file that begins with PK": b"PK\x03\x04" + bytes(64),
    "a text document of Word (DOCX)": zipped("[Content_Types].xml", "word/document.xml"),
    "a binary workbook (XLSB)": zipped("[Content_Types].xml", "xl/workbook.bin"),
    "a workbook of LibreOffice (ODS)": zipped(
        "content.xml", mimetype=b"application/vnd.oasis.opendocument.spreadsheet"
    ),
    "a password-protected workbook": OLE + "EncryptedPackage".encode("utf-16-le"),
    "a text document of Word (DOC)": OLE + "WordDocument".encode("utf-16-le"),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "a picture (JPEG)": b"\xff\xd8\xff\xe0" + bytes(64),
    "an HTML page": HTML,
    "a workbook saved as XML (SpreadsheetML 2003)": SPREADSHEETML,
    "a SOAP fault": FAULT,
    "a signed file (CMS)": bytes.fromhex("30820a0006092a864886f70d010702a0820a00") + CSV,
    "a dBase table (DBF)": bytes.fromhex("037e0b1e0a0000004100") + bytes(54) + b"\r" + bytes(64),
    "a file that begins with 65,536 NULs": bytes(70_000),
    "lines with nothing in them": b"\r\n \t\r\n",
    "an empty file, 0 bytes": b"",
}


@pytest.fixture
def refuse(settings: Settings, tmp_path: Path) -> Refuse:
    """The refusal of a file with this content by the reader of a registry."""

    def run(registry: str, content: bytes) -> ExtractRefused:
        contract = contracts.load(registry, settings.include)
        file = tmp_path / f"extract.{contract.format}"
        file.write_bytes(content)
        with duckdb.connect() as con, pytest.raises(ExtractRefused) as refused:
            read(contract, [file], str(tmp_path), con, tmp_path)
        assert (refused.value.registry, refused.value.file) == (registry, file.name)
        return refused.value

    return run


@pytest.mark.parametrize("registry", ["social_assistance", "employment", "waste_sites", "population", "livestock"])
@pytest.mark.parametrize("found", KINDS, ids=[kind.split(" (")[0] for kind in KINDS])
def test_another_container_is_refused_by_its_name(refuse: Refuse, registry: str, found: str) -> None:
    refusal = refuse(registry, KINDS[found])
    if registry == "livestock" and found == "a file that begins with PK":
        assert refusal.expected == "a whole ZIP archive (XLSX is one)"
    else:
        assert refusal.found.startswith(found)
    assert "истекла" not in str(refusal)


def test_text_in_utf_16_is_seen_through(refuse: Refuse) -> None:
    page = "<html><head><title>Вход</title></head></html>"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert "an HTML page" in refuse("social_assistance", page.encode(encoding)).found


def test_each_format_is_named_where_another_is_promised(refuse: Refuse, tmp_path: Path) -> None:
    book = extracts.livestock_xlsx(tmp_path / "l.xlsx", {"КРС": [extracts.animal(1)]}).read_bytes()
    people = extracts.population_xml([extracts.person(1)])
    page = extracts.page([extracts.jobseeker(1)])
    for registry, content, found in (
        ("social_assistance", book, "a workbook of today's Excel (XLSX)"),
        ("social_assistance", people, "an XML document"),
        ("social_assistance", page, "a JSON document"),
        ("population", CSV, "text, such as CSV"),
        ("population", page, "a JSON document"),
        ("livestock", CSV, "text, such as CSV"),
        ("employment", people, "an XML document"),
        ("waste_sites", people, "an XML document"),
    ):
        assert refuse(registry, content).found.startswith(found), registry


def test_an_archive_of_another_kind_is_named_where_zip_is_promised(refusal: Refusal) -> None:
    options: dict[str, object] = {"format": "csv", "archive": "zip", "memberPattern": "*.csv"}
    assert "a RAR archive" in refusal("social_assistance", options, {"s.zip": KINDS["a RAR archive"]})
    assert "text, such as CSV" in refusal("social_assistance", options, {"s.zip": CSV})
