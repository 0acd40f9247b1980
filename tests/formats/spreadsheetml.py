"""Workbooks written by hand, part by part, for what no library writes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
CALCULATED = '<calcPr calcId="191029"/>'
# Number formats by their names here; the index of each is the cell style of that name.
STYLES = {
    "general": "General", "date": "dd.mm.yyyy", "moment": "dd.mm.yyyy h:mm", "clock": "h:mm", "twelve": "000000000000",
    "phone": "0\\ (000)\\ 000\\-00\\-00", "percent": "0%", "money": '#,##0.00" ₸"',
}  # fmt: skip


def cell(reference: str, value: str | None, *, type_: str = "", style: str = "general", formula: str = "") -> str:
    """A cell; with `value` None it has no element `v`."""
    attributes = f' t="{type_}"' if type_ else ""
    text = "" if value is None else f"<v>{escape(value)}</v>"
    inner = (f"<f>{escape(formula)}</f>" if formula else "") + text
    return f'<c r="{reference}"{attributes} s="{list(STYLES).index(style)}">{inner}</c>'


def text(reference: str, value: str) -> str:
    """A cell whose text stands in itself."""
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def rows(table: Sequence[Sequence[object]], first: int = 1, changes: Mapping[str, str] | None = None) -> str:
    """Rows of texts; `changes` gives the XML of some cells by their references."""
    changes = dict(changes or {})
    lines = []
    for number, line in enumerate(table, start=first):
        cells = []
        for at, value in enumerate(line):
            reference = f"{chr(65 + at)}{number}"
            cells.append(changes.pop(reference, "" if value is None else text(reference, str(value))))
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    assert not changes, changes
    return "".join(lines)


def sheet(content: str, dimension: str = "") -> str:
    """The part of a worksheet."""
    stated = f'<dimension ref="{dimension}"/>' if dimension else ""
    inner = f"{stated}<sheetData>{content}</sheetData>"
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}">{inner}</worksheet>'


def book(
    sheets: Mapping[str, str],
    calculation: str = CALCULATED,
    states: Mapping[str, str] | None = None,
    settings: str = "",
    media: bytes = b"",
) -> bytes:
    """A workbook of these sheets: name → the part; `media` is a picture that no sheet shows."""
    entries, links = [], []
    for number, name in enumerate(sheets, start=1):
        state = f' state="{states[name]}"' if states and name in states else ""
        entries.append(f'<sheet name={quoteattr(name)} sheetId="{number}"{state} r:id="rId{number}"/>')
        links.append(f'<Relationship Id="rId{number}" Type="{LINKS}/worksheet" Target="worksheets/sheet{number}.xml"/>')
    links.append(f'<Relationship Id="rIdS" Type="{LINKS}/styles" Target="styles.xml"/>')
    codes = [f'<numFmt numFmtId="{170 + n}" formatCode={quoteattr(code)}/>' for n, code in enumerate(STYLES.values())]
    styles = "".join(f'<xf numFmtId="{170 + n}"/>' for n in range(len(STYLES)))
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" Type="{LINKS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><workbookPr{settings}/>'
        f"<sheets>{''.join(entries)}</sheets>{calculation}</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{"".join(links)}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{"".join(codes)}</numFmts><cellXfs>{styles}</cellXfs>'
        "</styleSheet>",
    }
    parts |= {f"xl/worksheets/sheet{number}.xml": part for number, part in enumerate(sheets.values(), start=1)}
    return archive(parts | ({"xl/media/image1.png": media} if media else {}))


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    """A package of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()
