"""The cells of a good file as a grid: read one, put another value there, write the file again.

A grid has a row a record and a column for each that the file has, by its name in the contract. It rewrites as little
as its format allows, so that the rest of the file stays as it is.
"""

from __future__ import annotations

import io
import zipfile
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from auyl.contracts import Column, Contract
from auyl.contracts.options import XlsOptions, XmlOptions
from tests.formats.fuzz import tables
from tests.formats.fuzz.books import HEADING_WITHIN_ROWS, MAIN
from tests.formats.fuzz.readers import places_of
from tests.formats.fuzz.tables import BookCell


class Grid(ABC):
    """Rows and columns of one file."""

    columns: list[Column]
    rows: int

    @abstractmethod
    def get(self, row: int, column: Column) -> str:
        """The text of a cell, empty where there is none."""

    @abstractmethod
    def put(self, row: int, column: Column, value: Any) -> None:
        """Put a value into a cell: a text, in JSON anything, in a workbook a BookCell."""

    @abstractmethod
    def dump(self) -> bytes:
        """The file."""


def grid(contract: Contract, content: bytes) -> Grid:
    """The grid of a file of a contract's format."""
    return {"xml": _XmlGrid, "xlsx": _SheetGrid}.get(contract.format, _TableGrid)(contract, content)


class _TableGrid(Grid):
    """Formats that `tables` reads and writes."""

    def __init__(self, contract: Contract, content: bytes) -> None:
        self._contract, self._table = contract, tables.load(contract, content)
        self._rows = [list(row) for row in self._table.rows]
        self._place = {
            c: at[0] for c, at in zip(contract.columns, places_of(contract, self._table.headings), strict=True) if at
        }
        self.columns, self.rows = list(self._place), len(self._rows)

    def get(self, row: int, column: Column) -> str:
        at = self._place[column]
        value = self._rows[row][at] if at < len(self._rows[row]) else None
        return "" if value is None else str(value)

    def put(self, row: int, column: Column, value: Any) -> None:
        cells, at = self._rows[row], self._place[column]
        cells += [None] * (at + 1 - len(cells))
        cells[at] = value

    def dump(self) -> bytes:
        return tables.dump(self._contract, replace(self._table, rows=self._rows))


class _XmlGrid(Grid):
    def __init__(self, contract: Contract, content: bytes) -> None:
        from lxml import etree

        self._root = etree.fromstring(content)
        name = contract.options(XmlOptions).record_path[-1]
        self._records = list(self._root.iter("{*}" + name))
        self.rows = len(self._records)
        self.columns = [c for c in contract.columns if any(self._node(row, c) is not None for row in range(self.rows))]

    def _node(self, row: int, column: Column) -> Any:
        return self._records[row].find("/".join("{*}" + step for step in column.source.split("/")))

    def get(self, row: int, column: Column) -> str:
        node = self._node(row, column)
        return "" if node is None else node.text or ""

    def put(self, row: int, column: Column, value: Any) -> None:
        node = self._node(row, column)
        if node is not None:
            for name in node.attrib:
                del node.attrib[name]
            node.text = str(value)

    def dump(self) -> bytes:
        from lxml import etree

        made: bytes = etree.tostring(self._root, xml_declaration=True, encoding="UTF-8")
        return made + b"\n"


class _SheetGrid(Grid):
    """The first sheet of an XLSX, edited as XML."""

    PATH = "xl/worksheets/sheet1.xml"

    def __init__(self, contract: Contract, content: bytes) -> None:
        from lxml import etree

        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self._members = {name: archive.read(name) for name in archive.namelist()}
        self.root = etree.fromstring(self._members[self.PATH])
        shared = self._members.get("xl/sharedStrings.xml")
        strings = [] if shared is None else list(etree.fromstring(shared).iter(MAIN + "si"))
        self._strings = ["".join(one.itertext(MAIN + "t")) for one in strings]
        rows = {int(row.get("r")): row for row in self.root.iter(MAIN + "row")}
        top = [number for number in sorted(rows) if number <= HEADING_WITHIN_ROWS]
        texts = {n: {self._letters(c): self._text(c) for c in rows[n]} for n in top}
        known = {n: places_of(contract, list(texts[n].values())) for n in top}
        self.heading = max(top, key=lambda n: sum(map(bool, known[n])))
        letters = list(texts[self.heading])
        self._letter = {c: letters[at[0]] for c, at in zip(contract.columns, known[self.heading], strict=True) if at}
        first = self.heading + contract.options(XlsOptions).heading_rows - 1
        self._rows = [rows[number] for number in sorted(rows) if number > first and len(rows[number])]
        self.columns, self.rows = list(self._letter), len(self._rows)

    def _letters(self, cell: Any) -> str:
        return str(cell.get("r")).rstrip("0123456789")

    def _text(self, cell: Any) -> str:
        value = cell.findtext(MAIN + "v") or ""
        if cell.get("t") == "s":
            return self._strings[int(value)]
        return value or "".join(cell.itertext(MAIN + "t"))

    def _cell(self, row: int, column: Column) -> Any:
        return next((c for c in self._rows[row] if self._letters(c) == self._letter[column]), None)

    def get(self, row: int, column: Column) -> str:
        cell = self._cell(row, column)
        return "" if cell is None else self._text(cell)

    def put(self, row: int, column: Column, value: Any) -> None:
        cell = self._cell(row, column)
        if cell is None:
            return
        place = cell.get("r")
        new = value if isinstance(value, BookCell) else BookCell("inlineStr", str(value))
        style = new.style or (cell.get("s") if new.kind == "n" else None)
        cell.clear()
        cell.set("r", place)
        if style:
            cell.set("s", style)
        if new.kind != "n":
            cell.set("t", new.kind)
        if new.formula is not None:
            self._add(cell, "f", new.formula)
        if new.kind == "inlineStr":
            self._add(self._add(cell, "is", None), "t", new.value)
        elif new.value is not None:
            self._add(cell, "v", new.value)

    def _add(self, parent: Any, name: str, text: str | None) -> Any:
        from lxml import etree

        node = etree.SubElement(parent, MAIN + name)
        node.text = text
        return node

    def dump(self) -> bytes:
        from lxml import etree

        members = self._members | {self.PATH: etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return out.getvalue()
