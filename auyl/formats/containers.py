"""What a file is by its bytes, in words: officials rename files, and proxies answer with pages of their own.

Every reader promises one container. Another one is refused here by its name, before a reader meets it.
"""

from __future__ import annotations

import codecs
import mmap
import re
import zipfile
from pathlib import Path, PurePosixPath

from auyl.contracts import Contract
from auyl.contracts.options import XmlOptions
from auyl.formats.common import empty

HEAD_BYTES = 1 << 16
TEXT, XML, JSON, XLSX, XLS, ZIP, DAMAGED_ZIP = "text", "XML", "JSON", "XLSX", "XLS", "ZIP", "damaged ZIP"
# What each format may be. Text that is nothing in particular is left to the readers of text, who know encodings.
PROMISED = {
    "csv": ("delimited text (CSV)", {TEXT}),
    "jsonl": ("JSON lines", {TEXT, JSON}),
    "json": ("a JSON document", {TEXT, JSON}),
    "geojson": ("a JSON document (GeoJSON)", {TEXT, JSON}),
    "xml": ("XML", {XML}),
    "xlsx": ("a workbook (XLSX)", {XLSX}),
    "xls": ("an old workbook (XLS)", {XLS}),
}
WORDS = {
    TEXT: "text, such as CSV",
    XML: "an XML document",
    JSON: "a JSON document",
    XLSX: "a workbook of today's Excel (XLSX)",
    XLS: "an old workbook of Excel (XLS)",
    DAMAGED_ZIP: "a file that begins with PK, as a ZIP archive does, and is damaged",
}
MAGIC = (
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"MSCF", "a CAB archive"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\0", "a picture (TIFF)"),
    (b"MM\0*", "a picture (TIFF)"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0\1\0\0Standard ", "an Access database"),
    (b"PAR1", "a Parquet file"),
    (b"-----BEGIN ", "a signed or encrypted file (PEM)"),
    (b"MIME-Version:", "a saved mail or web page (MIME)"),
)
# Streams of a compound file (OLE), the most telling first.
STREAMS = (
    ("EncryptedPackage", "a password-protected workbook or document"),
    ("Workbook", XLS),
    ("Book", XLS),
    ("WordDocument", "a text document of Word (DOC)"),
    ("PowerPoint Document", "a presentation (PPT)"),
    ("__substg1.0", "a mail of Outlook (MSG)"),
)
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
FOLDERS = (
    ("xl/workbook.bin", "a binary workbook (XLSB)"),
    ("xl/", XLSX),
    ("word/", "a text document of Word (DOCX)"),
    ("ppt/", "a presentation (PPTX)"),
)
OPEN_DOCUMENTS = {"spreadsheet": "a workbook of LibreOffice (ODS)", "text": "a text document of LibreOffice (ODT)"}
SUFFIXES = frozenset((".csv", ".txt", ".xlsx", ".xls", ".xml", ".json", ".jsonl", ".geojson", ".ods", ".pdf", ".docx"))
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
HTML_ROOTS = frozenset((b"html", b"head", b"body", b"title", b"meta", b"table", b"div", b"script", b"style", b"center"))
ROOT = re.compile(rb"<(?:[^\s<>/:]+:)?([^\s<>/:]+)")
BEFORE_ROOT = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
FAULT = re.compile(rb"<(?:[^\s<>/:]+:)?Body[^>]*>\s*(?:<!--.*?-->\s*)*<(?:[^\s<>/:]+:)?Fault[\s>]", re.DOTALL)


def check_container(contract: Contract, file: Path) -> None:
    """Refuse a file that is no container of the contract's format, by its name. Raises ExtractRefused."""
    expected, promised = PROMISED[contract.format]
    _check(contract, file, expected, promised)


def check_is_zip(contract: Contract, file: Path) -> None:
    """Refuse a file that is no ZIP archive, by its name. Raises ExtractRefused."""
    _check(contract, file, "a whole ZIP archive", {ZIP, XLSX})


def _check(contract: Contract, file: Path, expected: str, promised: set[str]) -> None:
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise empty(contract, file, "an empty file, 0 bytes")
    if not head.strip(b"\0"):
        raise contract.refusal(file, expected, f"a file that begins with {len(head):,} NULs (a copy that broke off?)")
    if not as_text(head).strip():
        raise empty(contract, file, "lines with nothing in them")
    kind = container(file, head)
    # Of a damaged archive its reader knows more; an archive may have something before it.
    if kind in promised or (kind == DAMAGED_ZIP and promised & {XLSX, ZIP}):
        return
    if ZIP in promised and zipfile.is_zipfile(file):
        return
    found = f"a ZIP archive{_members(file)}" if kind == ZIP else WORDS.get(kind, kind)
    if contract.format == "xml":
        found += f"; no element {'/'.join(contract.options(XmlOptions).record_path)}"
    is_text = contract.format not in ("xlsx", "xls")
    raise contract.refusal(file, expected, found, 1 if is_text else None)


def container(file: Path, head: bytes) -> str:
    """TEXT, XML, JSON, XLSX, XLS, ZIP, or words for something else; `head` is the beginning of the file."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip(file)
    if head.startswith(OLE):
        return _compound(file)
    for magic, words in MAGIC:
        if head.startswith(magic):
            return words
    if re.match(rb"BZh[1-9]1AY&SY", head):
        return "a bzip2 archive"
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[:1] == b"0" and SIGNED_DATA in head[:32]:
        return "a signed file (CMS) with the extract in it"
    if _is_dbase(head):
        return "a dBase table (DBF)"
    return _text(as_text(head))


def as_text(head: bytes) -> bytes:
    """The beginning of a text in an encoding that keeps ASCII, without byte order mark; UTF-16 and 32 become UTF-8."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF8, "utf-8"),
    ):  # fmt: skip
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="ignore").encode()
    # UTF-16 without a mark: of ASCII and Cyrillic, one byte of each pair is 0 or 4.
    for other, encoding in ((head[1:256:2], "utf-16-le"), (head[:256:2], "utf-16-be")):
        if len(other) > 2 and 10 * len(other.translate(None, b"\0\4")) < len(other):
            return head.decode(encoding, errors="ignore").encode()
    return head


def _text(head: bytes) -> str:
    head = head.lstrip()
    is_declared = head.startswith(b"<?xml")
    if b'progid="Excel.Sheet"' in head[:512]:
        return "a workbook saved as XML (SpreadsheetML 2003)"
    while before := BEFORE_ROOT.match(head):
        head = head[before.end() :]
    head = head.lstrip()
    lower = head[:512].lower()
    root = ROOT.match(lower)
    if lower.startswith(b"<!doctype html") or (root and root.group(1) in HTML_ROOTS):
        return "an HTML page (of an error, or of an expired session?)"
    if root and root.group(1) == b"workbook" and b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        return "a workbook saved as XML (SpreadsheetML 2003)"
    if root and root.group(1) == b"envelope" and FAULT.search(head):
        return "a SOAP fault"
    if is_declared or root or lower.startswith((b"<!doctype", b"<!--")):
        return XML
    if re.match(rb'\{\s*"|\[\s*[\[{"]', head):
        return JSON
    # A stray control character is a fault of a line; many of them are no text at all.
    binary = len(re.findall(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]", head[:1024]))
    return "binary data of no known format" if 8 * binary > len(head[:1024]) else TEXT


def _zip(file: Path) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.replace("\\", "/").lstrip("/") for name in archive.namelist()]
            if "mimetype" in names:
                mimetype = archive.read("mimetype")[:200].decode("ascii", errors="replace")
                kind = re.search(r"opendocument\.(\w+)", mimetype)
                if kind:
                    return OPEN_DOCUMENTS.get(kind.group(1), "a document of LibreOffice")
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError, KeyError):
        return DAMAGED_ZIP
    lowered = [name.casefold() for name in names]
    for folder, kind_of_office in FOLDERS:
        if any(name.startswith(folder) for name in lowered):
            return kind_of_office
    return ZIP


def _compound(file: Path) -> str:
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for name, words in STREAMS:
            if content.find(name.encode("utf-16-le")) >= 0:
                return words
    return XLS


def _is_dbase(head: bytes) -> bool:
    if len(head) < 32 or head[0] not in (0x03, 0x30, 0x83, 0x8B, 0xF5):
        return False
    length = int.from_bytes(head[8:10], "little")
    return 1 <= head[2] <= 12 and 1 <= head[3] <= 31 and head[length - 1 : length] == b"\r"


def _members(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    kinds = sorted({PurePosixPath(name).suffix.lower() for name in names} & SUFFIXES)
    files = "1 file" if len(names) == 1 else f"{len(names)} files"
    return f" with {files} in it ({', '.join(kinds) or 'others'})"
