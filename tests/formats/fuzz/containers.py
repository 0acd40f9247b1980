"""Damage to what cells stand in: other containers under the promised name, sheets of workbooks, members of archives."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from tests.formats import derived
from tests.formats.fuzz import tables

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample

Made = tuple[bytes, str] | None
Change = Callable[[Random, "Sample", bytes], Made]


def _rows(sample: Sample, content: bytes) -> list[list[str]] | None:
    """Heading and rows of a file of a table; None for messages."""
    if sample.contract.format == "xml":
        return None
    table = tables.load(sample.contract, content)
    return [[str("" if cell is None else cell) for cell in row] for row in (table.headings, *table.rows)]


def other_container(random: Random, sample: Sample, content: bytes) -> Made:
    """The same rows in another format, under the promised name."""
    rows = _rows(sample, content)
    kind = random.choice(("xlsx", "xls", "ods", "html", "csv", "zip", "gzip", "json", "xml", "encrypted"))
    if kind == "zip":
        return derived.zipped({"data." + sample.contract.format: content}), "in a ZIP"
    if kind == "gzip":
        return gzip.compress(content, mtime=0), "in a gzip"
    if kind == "encrypted":
        return encrypted(content), "encrypted by Office"
    if rows is None or len(rows) < 2 or kind == sample.contract.format:
        return None
    named = [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
    if kind in ("xlsx", "xls", "csv", "json"):
        return derived.write(kind, named), f"as {kind.upper()}"
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if kind == "html":
        return f"<html><body><table>{body}</table></body></html>\n".encode(), "as a page of HTML"
    if kind == "xml":
        return f"<?xml version='1.0'?><rows>{body}</rows>\n".encode(), "as other XML"
    members = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": body.encode()}
    return derived.zipped(members), "as ODS"


def encrypted(content: bytes) -> bytes:
    """An OLE container with a stream EncryptedPackage, as Office writes a workbook with a password."""
    import xlwt

    out = io.BytesIO()
    document = xlwt.CompoundDoc.XlsDoc()
    document.save(out, content.ljust(4096, b"\0"))
    name, new = ("Workbook".encode("utf-16-le"), "EncryptedPackage".encode("utf-16-le"))
    made = out.getvalue()
    at = made.index(name)
    entry = bytearray(made[at : at + 128])
    entry[:64] = new.ljust(64, b"\0")
    entry[64:66] = (len(new) + 2).to_bytes(2, "little")
    return made[:at] + bytes(entry) + made[at + 128 :]


def _book(change: Callable[[Random, dict[str, bytes]], str]) -> Change:
    """A change of the members of an XLSX."""

    def mutate(random: Random, sample: Sample, content: bytes) -> Made:
        if sample.contract.format != "xlsx":
            return None
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        what = change(random, members)
        return derived.zipped(members), what

    return mutate


SHEET, BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"


def _ghost_cells(random: Random, members: dict[str, bytes]) -> str:
    place = random.choice(("XFD1048576", "A1048576", "XFD2", "AMJ900", "ZZ5000"))
    row = re.sub("[A-Z]", "", place)
    cell = random.choice(
        (
            f'<c r="{place}" t="inlineStr"><is><t> </t></is></c>',
            f'<c r="{place}" s="1"/>',
            f'<c r="{place}"><v>1</v></c>',
        )
    )
    members[SHEET] = members[SHEET].replace(b"</sheetData>", f'<row r="{row}">{cell}</row></sheetData>'.encode())
    return f"a stray cell at {place}: {cell[:60]}"


def _dimension(random: Random, members: dict[str, bytes]) -> str:
    stated = random.choice(("A0:K0", "A1", "A1:XFD1048576", "", "B7:C9", "nonsense"))
    members[SHEET] = re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{stated}"'.encode(), members[SHEET])
    return f"dimension {stated!r}"


def _no_references(random: Random, members: dict[str, bytes]) -> str:
    if random.random() < 0.5 or b"<row r=" not in members[SHEET]:
        members[SHEET] = members[SHEET].replace(b"<c r=", b"<c  r=")
        return "two spaces before each reference"
    # Empty cells are left out, so that a cell without its reference would move.
    members[SHEET] = (
        re.sub(rb'<row r="\d+"', b"<row", members[SHEET]) if b'<row r="2"' in members[SHEET] else members[SHEET]
    )
    return "rows without numbers"


def _hidden_sheet(random: Random, members: dict[str, bytes]) -> str:
    state = random.choice(("hidden", "veryHidden"))
    members[BOOK] = re.sub(rb'<sheet name="', f'<sheet state="{state}" name="'.encode(), members[BOOK], count=1)
    return f"the first sheet is {state}"


def _more_sheets(random: Random, members: dict[str, bytes]) -> str:
    text = random.choice(("", "Заполняйте желтые ячейки", "Справочник"))
    row = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is></c></row>' if text else ""
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{row}</sheetData></worksheet>'
    if random.random() < 0.3:
        sheet = members[SHEET].decode()
    members["xl/worksheets/more.xml"] = sheet.encode()
    state = random.choice(("", 'state="hidden" ', 'state="veryHidden" '))
    new = f'<sheet {state}name="Инструкция" sheetId="99" r:id="rIdMore"/></sheets>'
    members[BOOK] = members[BOOK].replace(b"</sheets>", new.encode())
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    relation = f'<Relationship Id="rIdMore" Type="{kind}" Target="worksheets/more.xml"/></Relationships>'
    path = "xl/_rels/workbook.xml.rels"
    members[path] = members[path].replace(b"</Relationships>", relation.encode())
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
    part = f'<Override PartName="/xl/worksheets/more.xml" ContentType="{kind}"/></Types>'.encode()
    members["[Content_Types].xml"] = members["[Content_Types].xml"].replace(b"</Types>", part)
    return f"one more sheet {state}with {text or 'nothing'!r}"


def _member_gone(random: Random, members: dict[str, bytes]) -> str:
    name = random.choice(sorted(members))
    if random.random() < 0.5:
        del members[name]
        return f"{name} gone"
    members[name] = members[name][: random.randrange(len(members[name]))]
    return f"{name} cut"


ghost_cells, dimension, no_references = _book(_ghost_cells), _book(_dimension), _book(_no_references)
hidden_sheet, more_sheets, member_gone = _book(_hidden_sheet), _book(_more_sheets), _book(_member_gone)


def members(random: Random, files: dict[str, bytes]) -> tuple[bytes, str]:
    """An archive as other programs write it: odd names, folders, passwords, archives in archives."""
    name, content = next(iter(files.items()))
    odd: dict[str, dict[str, bytes]] = {
        "the files of a Mac": {name: content, f"__MACOSX/._{name}": b"\0\5\x16\7", ".DS_Store": b"\0"},
        "a folder": {f"выгрузка/{name}": content},
        "the same name in two folders": {f"a/{name}": content, f"b/{name}": content},
        "an archive in it": {name: content, "more.zip": derived.zipped({name: content})},
        "a name that leaves the folder": {f"../{name}": content},
        "another file": {name: content, "Thumbs.db": b"\0" * 10, "readme.txt": "Привет".encode()},
        "nothing": {},
    }
    kind = random.choice((*sorted(odd), "a password", "junk before it"))
    made = derived.zipped(odd.get(kind, {name: content}))
    if kind == "a password":
        made = made.replace(b"PK\x03\x04\x14\0\0", b"PK\x03\x04\x14\0\1").replace(
            b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1"
        )
    return (b"#!/bin/sh\n" + made if kind == "junk before it" else made), kind
