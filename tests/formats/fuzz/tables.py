"""Files of every format as a table of texts and back: what mutations of columns and rows need.

A table keeps what surrounds its records (envelope, titles, sheets), so that a file written again unchanged says the
same.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from auyl.contracts import Contract, heading_key
from auyl.contracts.options import CsvOptions, GeojsonOptions, JsonOptions, XmlOptions

Cell = str | None


@dataclass(frozen=True)
class BookCell:
    """A cell that only a workbook has: its type and value there, a formula, the number of its style."""

    kind: str = "n"
    value: str | None = None
    formula: str | None = None
    style: str | None = None


@dataclass(frozen=True)
class Table:
    """Headings and rows of a file or sheet; `around` is what its format needs to write it again."""

    headings: list[str]
    rows: list[list[Any]]
    around: Any = None
    more: list[Table] = field(default_factory=list)

    @property
    def is_xml(self) -> bool:
        """Are its rows elements, each one text?"""
        return isinstance(self.around, tuple) and isinstance(self.around[1], str)

    def head(self, n: int) -> Table:
        """The first `n` rows; of every sheet."""
        return replace(self, rows=self.rows[:n], more=[one.head(n) for one in self.more])


def load(contract: Contract, content: bytes) -> Table:
    """Parse a good file."""
    return {"xlsx": _load_book, "xls": _load_book}.get(contract.format, globals().get(f"_load_{contract.format}"))(
        contract, content
    )


def dump(contract: Contract, table: Table) -> bytes:
    """Write a table in the format of the contract."""
    made: bytes = globals()[f"_dump_{contract.format}"](contract, table)
    return made


def _load_csv(contract: Contract, content: bytes) -> Table:
    text = content.decode(contract.encoding).removeprefix("\ufeff")
    delimiter = contract.options(CsvOptions).delimiter
    headings, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    return Table(headings, rows, "\r\n" if "\r\n" in text else "\n")


def _dump_csv(contract: Contract, table: Table) -> bytes:
    out = io.StringIO()
    delimiter = contract.options(CsvOptions).delimiter
    csv.writer(out, delimiter=delimiter, lineterminator=table.around).writerows([table.headings, *table.rows])
    return out.getvalue().encode(contract.encoding, errors="replace")


def _of_objects(objects: list[dict[str, Any]], around: Any) -> Table:
    headings = list(dict.fromkeys(key for one in objects for key in one))
    return Table(headings, [[one.get(key) for key in headings] for one in objects], around)


def _objects(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.headings, row, strict=False)) for row in table.rows]


def _json(value: Any) -> str:
    """JSON with letters as they are; halves of a surrogate pair, which UTF-8 does not have, as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)


def _load_json(contract: Contract, content: bytes) -> Table:
    page = json.loads(content)
    items = page.pop(contract.options(JsonOptions).items)
    return _of_objects(items, (page, len(items)))


def _dump_json(contract: Contract, table: Table) -> bytes:
    page, items = table.around
    total = contract.options(JsonOptions).total
    changed = {total: page[total] - items + len(table.rows)} if total in page else {}
    return _json(page | changed | {contract.options(JsonOptions).items: _objects(table)}).encode()


def _load_jsonl(contract: Contract, content: bytes) -> Table:
    return _of_objects([json.loads(line) for line in content.splitlines()], None)


def _dump_jsonl(contract: Contract, table: Table) -> bytes:
    return "".join(_json(one) + "\n" for one in _objects(table)).encode()


def _load_geojson(contract: Contract, content: bytes) -> Table:
    collection = json.loads(content)
    features = collection.pop("features")
    # The number of features would be wrong as soon as one is gone.
    total = contract.options(GeojsonOptions).total
    members = {key: value for key, value in collection.items() if key != total}
    return _of_objects([one["properties"] for one in features], (members, features[0]["geometry"]))


def _dump_geojson(contract: Contract, table: Table) -> bytes:
    members, geometry = table.around
    features = [{"type": "Feature", "geometry": geometry, "properties": one} for one in _objects(table)]
    lines = ",\n".join(map(_json, features))
    return f'{_json(members)[:-1]}, "features": [\n{lines}\n]}}\n'.encode()


def _record(contract: Contract) -> str:
    return contract.options(XmlOptions).record_path[-1]


def _load_xml(contract: Contract, content: bytes) -> Table:
    text, name = content.decode("utf-8"), re.escape(_record(contract))
    records = re.findall(rf"<{name}>.*?</{name}>", text, flags=re.DOTALL)
    first = text.index(records[0])
    after = text.rindex(records[-1]) + len(records[-1])
    leaves = list(dict.fromkeys(re.findall(r"<(\w+)>[^<]*</\1>", records[0])))
    return Table(leaves, [[record] for record in records], (text[:first], text[after:]))


def _dump_xml(contract: Contract, table: Table) -> bytes:
    before, after = table.around
    count = contract.options(XmlOptions).record_count
    if count:
        after = re.sub(rf"(<{count}>)\d+<", rf"\g<1>{len(table.rows)}<", after)
    text: str = before + "\n".join(row[0] for row in table.rows) + after
    return text.encode("utf-8")


def _load_book(contract: Contract, content: bytes) -> Table:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    known = {heading_key(name) for column in contract.columns for name in column.names}
    tables = []
    for sheet in book.sheet_names:
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        at = max(range(min(30, len(rows))), key=lambda n: sum(heading_key(str(c)) in known for c in rows[n]))
        tables.append(Table([str(cell) for cell in rows[at]], rows[at + 1 :], (sheet, rows[:at])))
    return replace(tables[0], more=tables[1:])


def _pages(table: Table) -> list[tuple[str, list[list[Any]]]]:
    return [(one.around[0], [*one.around[1], one.headings, *one.rows]) for one in (table, *table.more)]


def _dump_xlsx(contract: Contract, table: Table) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd.mm.yyyy"}) as book:
        for name, rows in _pages(table):
            page = book.add_worksheet(name)
            for at, row in enumerate(rows):
                page.write_row(at, 0, [None if cell == "" else cell for cell in row])
    return out.getvalue()


def _dump_xls(contract: Contract, table: Table) -> bytes:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for name, rows in _pages(table):
        page = book.add_sheet(name)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, BookCell):
                    _put_xls(page, at, column, cell, day)
                elif cell not in ("", None):
                    page.write(at, column, cell, day) if hasattr(cell, "isoformat") else page.write(at, column, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _put_xls(page: Any, at: int, column: int, cell: BookCell, day: Any) -> None:
    import xlwt

    if cell.kind == "e":
        page.row(at).set_cell_error(column, {"#N/A": 0x2A}.get(str(cell.value), cell.value))
    elif cell.kind == "b":
        page.write(at, column, cell.value == "1")
    elif cell.formula is not None:
        page.write(at, column, xlwt.Formula("A1+1"))
    elif cell.kind == "n":
        page.write(at, column, float(cell.value or 0), *([day] if cell.style else []))
    else:
        page.write(at, column, cell.value)
