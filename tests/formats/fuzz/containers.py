"""Damage to what cells stand in: other containers under the promised name, sheets, headings, lines, envelopes, archives."""

from __future__ import annotations

import gzip
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from auyl.contracts.options import CsvOptions, JsonOptions, XmlOptions
from tests.formats import derived
from tests.formats.fuzz import tables

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample

Made = tuple[bytes, str] | None
Change = Callable[[Random, "Sample", bytes], Made]
HEADINGS_LATIN = str.maketrans("АВСЕНКМОРТХаеорсух", "ABCEHKMOPTXaeopcyx")


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
    cell = random.choice((f'<c r="{place}" t="inlineStr"><is><t> </t></is></c>', f'<c r="{place}" s="1"/>', f'<c r="{place}"><v>1</v></c>'))
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
    members[SHEET] = re.sub(rb'<row r="\d+"', b"<row", members[SHEET]) if b'<row r="2"' in members[SHEET] else members[SHEET]
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
    part = b'<Override PartName="/xl/worksheets/more.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
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


def _text(change: Callable[[Random, str, str], tuple[str, str]], *formats: str) -> Change:
    """A change of the decoded text of files of some formats; it is given the delimiter of a CSV."""

    def mutate(random: Random, sample: Sample, content: bytes) -> Made:
        contract = sample.contract
        if contract.format not in formats:
            return None
        encoding = contract.encoding if contract.format == "csv" else "utf-8"
        delimiter = contract.options(CsvOptions).delimiter if contract.format == "csv" else ""
        text, what = change(random, content.decode(encoding), delimiter)
        return text.encode(encoding, errors="replace"), what

    return mutate


def _title_rows(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    end = "\r\n" if "\r\n" in text else "\n"
    mark, rest = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    width = rest.splitlines()[0].count(delimiter)
    title = random.choice((["Отчет за октябрь"], ["Отчет за октябрь", "на 31.10.2026", ""], ["", ""]))
    rows = [one + delimiter * random.choice((0, width)) for one in title]
    return mark + "".join(row + end for row in rows) + rest, f"{len(rows)} rows above the heading"


def _ctrl_z(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    return text + "\x1a" * random.choice((1, 1, 2)), "Ctrl-Z at its end"


def _spare_fields(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    chosen = {random.randrange(len(lines)) for _ in range(random.choice((1, 5, len(lines))))}
    spare = delimiter * random.choice((1, 1, 2, 7))
    for at in chosen:
        body = lines[at].rstrip("\r\n")
        lines[at] = body + spare + lines[at][len(body) :]
    return "".join(lines), f"{len(spare)} fields too many in {len(chosen)} lines"


def _odd_quotes(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    at = random.randrange(1, len(lines))
    body = lines[at].rstrip("\r\n")
    fields = body.split(delimiter)
    n = random.randrange(len(fields))
    shape = random.choice(('КХ "Нұр"', '"ТОО "Береке""', '"Нұр" КХ', '="{}"', '"{}', '{}"', '"{}"', "'{}'", '""{}""', '"{}" '))
    fields[n] = shape.replace("{}", fields[n].strip('"'))
    lines[at] = delimiter.join(fields) + lines[at][len(body) :]
    return "".join(lines), f"{shape} in line {at + 1}"


def _total_line(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    new = random.choice(("Итого" + delimiter * lines[0].count(delimiter), "Исп. Ахметова, тел. 2-14-15", "конец выгрузки"))
    lines.insert(random.choice((len(lines), random.randrange(1, len(lines)))), new + end)
    return "".join(lines), f"a line {new[:20]!r}"


title_rows, ctrl_z = _text(_title_rows, "csv"), _text(_ctrl_z, "csv", "jsonl")
spare_fields, odd_quotes, total_line = _text(_spare_fields, "csv"), _text(_odd_quotes, "csv"), _text(_total_line, "csv")


def mojibake_line(random: Random, sample: Sample, content: bytes) -> Made:
    """One line in another encoding, as lines of a second export glued into the first."""
    if sample.contract.format not in ("csv", "jsonl") or sample.contract.encoding.startswith("utf-16"):
        return None
    encoding = sample.contract.encoding if sample.contract.format == "csv" else "utf-8"
    lines = content.splitlines(keepends=True)
    at = random.randrange(1, len(lines))
    text = lines[at].decode(encoding)
    other = random.choice(("cp1251", "utf-8", "cp866"))
    lines[at] = text.encode(other, errors="replace")
    if random.random() < 0.3:
        lines[at] = text.encode().decode("cp1251", errors="replace").encode(encoding, errors="replace")
    return b"".join(lines), f"line {at + 1} in another encoding"


def headings(random: Random, sample: Sample, content: bytes) -> Made:
    """Headings that look the same and are not: other letters, invisible marks, decomposed; or one that stands twice."""
    if sample.contract.format == "xml":
        return None
    table = tables.load(sample.contract, content)
    names = list(table.headings)
    at = random.randrange(len(names))
    kind = random.choice(("latin", "invisible", "decomposed", "twice", "spaces", "capitals"))
    old = names[at]
    names[at] = {
        "latin": lambda: old.translate(HEADINGS_LATIN),
        "invisible": lambda: random.choice(("\u200b{}", "{}\u00ad", "\ufeff{}", "{}\u200e")).format(old),
        "decomposed": lambda: unicodedata.normalize("NFD", old),
        "twice": lambda: random.choice(names),
        "spaces": lambda: f" {old}  ".replace(" ", "\u00a0", 1),
        "capitals": lambda: old.swapcase(),
    }[kind]()
    if names == table.headings:
        return None
    if sample.contract.format in ("json", "jsonl", "geojson") and len(set(names)) < len(names):
        return None
    return tables.dump(sample.contract, tables.replace(table, headings=names)), f"heading {old[:30]!r}: {kind}"


def envelope(random: Random, sample: Sample, content: bytes) -> Made:
    """A member of a document's envelope with another value or of another type."""
    if sample.contract.format not in ("json", "geojson"):
        return None
    document = json.loads(content)
    keys = [key for key, value in document.items() if not isinstance(value, list)]
    key = random.choice(keys)
    odd: tuple[Any, ...] = ("53 записи", {"value": 1}, [1, 2], None, -1, 1.5, "", True, "10**400", 10**40, "2026-10-05T00:00:00Z")
    document[key] = random.choice(odd)
    items = sample.contract.options(JsonOptions).items if sample.contract.format == "json" else "features"
    if random.random() < 0.2:
        key, document[items] = items, random.choice(({}, None, "[]", [[]], [None, 1], [{}], {"0": {}}))
    return json.dumps(document, ensure_ascii=False).encode(), f"{key}: {str(document[key])[:20]}"


def nested(random: Random, sample: Sample, content: bytes) -> Made:
    """A document that is nested deeper than any stack."""
    depth = random.choice((500, 100_000))
    if sample.contract.format in ("json", "geojson", "jsonl"):
        return content.replace(b":", b":" + b"[" * depth + b"]" * depth + b',"x":', 1), f"{depth} lists in each other"
    if sample.contract.format == "xml":
        at = content.rindex(b"</")
        return content[:at] + b"<a>" * depth + b"</a>" * depth + content[at:], f"{depth} elements in each other"
    return None


def geometry(random: Random, sample: Sample, content: bytes) -> Made:
    """One feature whose geometry is none."""
    if sample.contract.format != "geojson":
        return None
    document = json.loads(content)
    feature = random.choice(document["features"])
    feature["geometry"] = random.choice(
        (
            None, {"type": "Point"}, {"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": ["77", "43"]},
            {"type": "Point", "coordinates": [770.1, 43.0]}, {"type": "LineString", "coordinates": [[77, 43], [78, 44]]},
            {"type": "GeometryCollection", "geometries": []}, {"type": "Polygon", "coordinates": [[]]}, {}, [], "POINT (77 43)",
            {"type": "Polygon", "coordinates": [[[77, 43], [78, 43], [78, 44]]]}, {"type": "Point", "coordinates": [None, None]},
        )
    )  # fmt: skip
    return json.dumps(document, ensure_ascii=False).encode(), f"geometry {str(feature['geometry'])[:60]}"


def message(random: Random, sample: Sample, content: bytes) -> Made:
    """An XML message as other writers shape it: declared encodings, what stands around the root, containers, spaces."""
    if sample.contract.format != "xml":
        return None
    text = content.decode()
    body = re.sub(r"^<\?xml[^>]*\?>\s*", "", text)
    container, record = sample.contract.options(XmlOptions).record_path[-2:]
    kinds: dict[str, Callable[[], bytes]] = {
        "windows-1251": lambda: ('<?xml version="1.0" encoding="windows-1251"?>\n' + body).encode("cp1251", "xmlcharrefreplace"),
        "utf-16": lambda: ('<?xml version="1.0" encoding="UTF-16"?>\n' + body).encode("utf-16"),
        "utf-16 declared only": lambda: ('<?xml version="1.0" encoding="UTF-16"?>\n' + body).encode(),
        "windows-1251 declared only": lambda: ('<?xml version="1.0" encoding="windows-1251"?>\n' + body).encode(),
        "utf-7": lambda: ('<?xml version="1.0" encoding="UTF-7"?>\n' + body).encode(),
        "a comment behind the root": lambda: (text.rstrip() + "\n<!-- 2026-11-01 02:00 -->\n").encode(),
        "an instruction behind the root": lambda: (text.rstrip() + "<?end of=data?>").encode(),
        "a space in the last tag": lambda: re.sub(r">\s*$", " >\n", text).encode(),
        "NULs behind it": lambda: content + b"\0" * 512,
        "two containers": lambda: text.replace(
            f"</{record}>", f"</{record}></{container}><{container}>", random.randrange(1, 4)
        ).encode(),
        "pretty printed": lambda: re.sub(r">(?=<\w)", ">\n   ", text).encode(),
        "one bad record": lambda: text.replace(f"</{record}>", f"<{record}></{record}>", 1).encode(),
        "a byte order mark": lambda: b"\xef\xbb\xbf" + content,
        "single quotes": lambda: text.replace('"', "'").encode(),
        "a document type": lambda: text.replace("?>", '?><!DOCTYPE x [<!ENTITY a "b">]>', 1).encode(),
        "a namespace on records": lambda: text.replace(f"<{record}>", f'<{record} xmlns="urn:other">').encode(),
    }  # fmt: skip
    kind = random.choice(sorted(kinds))
    return kinds[kind](), kind


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
        made = made.replace(b"PK\x03\x04\x14\0\0", b"PK\x03\x04\x14\0\1").replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1")
    return (b"#!/bin/sh\n" + made if kind == "junk before it" else made), kind


def shifted_fields(random: Random, sample: Sample, content: bytes) -> Made:
    """A CSV where one line has its fields shifted by one: the last moves to the front."""
    if sample.contract.format != "csv":
        return None
    table = tables.load(sample.contract, content)
    rows = list(table.rows)
    at = random.randrange(len(rows))
    rows[at] = rows[at][-1:] + rows[at][:-1]
    return tables.dump(sample.contract, tables.replace(table, rows=rows)), f"fields of row {at + 1} shifted"
