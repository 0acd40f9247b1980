"""The package of an XLSX workbook: its parts within a bound, its sheets, shared texts and cell styles.

Nothing here trusts a size that the archive states: bytes are counted while they are unpacked. A part is never wholly in
memory, except the small ones that describe the others.
"""

from __future__ import annotations

import codecs
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Contract
from auyl.errors import ExtractRefused
from auyl.formats.archive import MAX_PACKING, PACKING_MATTERS_BYTES, damage_is_refused, opened_archive
from auyl.formats.numbers import CellFormat, cell_format, index
from auyl.formats.xml_document import SAFE_PARSER, words_of

if TYPE_CHECKING:
    import pyarrow as pa
    import xml2arrow

# Descriptions of a workbook: their tree is held in memory, at about ten times its text.
MAX_DESCRIPTION_BYTES = 64 << 20
_DECLARED = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([\w.\-]+)["']""")
# The parser cannot tell an empty element from a missing one, and an empty result of a formula is a result.
EMPTY_VALUE = "\x01"
_WITH_MARK = rb"<\1>" + EMPTY_VALUE.encode() + rb"</\1>"
STEP_BYTES = 1 << 18
SMALL_BYTES = 1 << 20
# Of one cell, 32,767 letters; each as an entity of ten bytes.
MAX_TEXT_BYTES = 1 << 20
MAX_SHARED_BYTES = 1 << 30
ENDS_BYTES = 1 << 10
BATCH_ROWS = 1 << 18
_EMPTY = re.compile(rb"<((?:[\w.\-]+:)?v)(?:\s[^>]*)?(?:/>|></\1>)")
_TRUE = ("1", "true")


@dataclass(frozen=True)
class SheetEntry:
    """A worksheet as the workbook lists it. `is_hidden` holds for sheets that only a program can show, too."""

    name: str
    part: str
    is_hidden: bool


class Package:
    """An opened workbook. Raises ExtractRefused for what is damaged, too large, or no workbook."""

    def __init__(self, contract: Contract, file: Path, archive: zipfile.ZipFile, max_bytes: int) -> None:
        self.contract, self.file, self._archive = contract, file, archive
        self._left = self._limit = min(max_bytes, max(PACKING_MATTERS_BYTES, MAX_PACKING * file.stat().st_size))
        # Some programs write parts with backslashes or in other case than they name them.
        self._parts = {_key(item.filename): item for item in archive.infolist()}
        if sum(item.file_size for item in archive.infolist()) > self._limit:
            raise self._too_large()
        self._read_workbook()
        self._formats: list[CellFormat] | None = None

    def _read_workbook(self) -> None:
        root = self._relations("")
        main = next((target for kind, target in root.values() if kind == "officeDocument"), "xl/workbook.xml")
        if _key(main) not in self._parts:
            raise self.contract.refusal(self.file, "a workbook (XLSX)", "an archive without the description of one")
        book, relations = self._tree(main), self._relations(main)
        self.sheets: list[SheetEntry] = []
        for entry in _all(book, "sheet"):
            link = next((value for name, value in entry.attrib.items() if _local(name) == "id" and name != "id"), "")
            kind, part = relations.get(str(link), ("", ""))
            if kind == "worksheet":
                hidden = entry.get("state", "visible") != "visible"
                self.sheets.append(SheetEntry(entry.get("name", ""), part, hidden))
            elif not kind:
                raise self.contract.refusal(self.file, "a whole workbook (XLSX)", "a sheet that leads to no part")
        self._texts_part = next((part for kind, part in relations.values() if kind == "sharedStrings"), None)
        self._styles_part = next((part for kind, part in relations.values() if kind == "styles"), None)
        self.is_1904 = any(p.get("date1904") in _TRUE for p in _all(book, "workbookPr"))
        self.is_calculated = _is_calculated(book)

    @property
    def formats(self) -> list[CellFormat]:
        """What each cell style makes of a number, by its index."""
        if self._formats is None:
            self._formats = []
            if self._styles_part and _key(self._styles_part) in self._parts:
                styles = self._tree(self._styles_part)
                codes = {f.get("numFmtId"): f.get("formatCode", "") for f in _all(styles, "numFmt")}
                for group in _all(styles, "cellXfs"):
                    ids = (xf.get("numFmtId", "0") for xf in group)
                    self._formats = [cell_format(index(n), codes.get(n)) for n in ids]
        return self._formats

    def shared_texts(self) -> pa.Array:
        """The texts that cells refer to by number, string[texts]."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._texts_part or _key(self._texts_part) not in self._parts:
            return pa.array([], "string")
        numbers, runs, texts, size = [], [], [], 0
        for name, batch in self.batches(self._texts_part, "sst"):
            if name == "si":
                numbers.append(batch.num_rows)
            else:
                runs.append(batch.column(0))
                texts.append(pc.coalesce(batch.column("t"), batch.column("rich")))
                size += texts[-1].nbytes
                if size > MAX_SHARED_BYTES:
                    expected = f"at most {MAX_SHARED_BYTES >> 20:,} MiB of shared texts"
                    raise self.contract.refusal(self.file, expected, "more")
        of = pa.chunked_array(runs, "uint32").combine_chunks()
        return joined(of, pa.chunked_array(texts, "string").combine_chunks(), sum(numbers))

    def batches(self, part: str, root: str) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Tables of a part with this root element, batch by batch: (name, rows)."""
        import xml2arrow

        with self._stream(part) as stream:
            source = _Utf8(stream)
            try:
                # A thread of its own, as for a stream, costs more than a small sheet.
                if whole := source.whole(SMALL_BYTES):
                    yield from _parser(root).parse(whole).items()
                else:
                    yield from _parser(root).parse_batches(source, max_rows_per_batch=BATCH_ROWS)
            except (xml2arrow.exceptions.Xml2ArrowError, ValueError, LookupError) as error:
                raise self._broken(part, _words(error)) from error
            except BaseException as error:
                if type(error).__name__ != "PanicException":  # of Rust; it is no Exception
                    raise
                raise self._broken(part, "damage that stops its reader") from error
            closing = rb"(?:</(?:[\w.\-]+:)?%s\s*|<(?:[\w.\-]+:)?%s\b[^<>]*/)>\s*(?:<!--.*-->\s*)?$"
            if not re.search(closing % (root.encode(), root.encode()), source.tail):
                raise self._broken(part, "a part cut short")

    def _broken(self, part: str, found: str) -> ExtractRefused:
        return self.contract.refusal(self.file, f"a whole workbook (XLSX), its part {part}", found[:200])

    @contextmanager
    def _stream(self, part: str) -> Iterator[_Counted]:
        item = self._parts.get(_key(part))
        if item is None:
            raise self.contract.refusal(self.file, "a whole workbook (XLSX)", f"no part {part}")
        if item.flag_bits & 1:
            raise self.contract.refusal(self.file, "a workbook without a password", "a password-protected one")
        with damage_is_refused(self.contract, self.file):
            stream = self._archive.open(item)
        with stream:
            yield _Counted(self, stream)

    def _tree(self, part: str) -> Any:
        from lxml import etree

        with self._stream(part) as stream:
            content = stream.read(MAX_DESCRIPTION_BYTES + 1)
        if len(content) > MAX_DESCRIPTION_BYTES:
            expected = f"a description of at most {MAX_DESCRIPTION_BYTES:,} bytes"
            raise self.contract.refusal(self.file, expected, f"a larger part {part}")
        try:
            tree = etree.fromstring(content, etree.XMLParser(**SAFE_PARSER))
        except etree.XMLSyntaxError as error:
            raise self._broken(part, words_of(error.code)) from error
        if tree.getroottree().docinfo.doctype:
            raise self._broken(part, "a DOCTYPE")
        return tree

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Relations of a part: id → (last word of the kind, part)."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if _key(path) not in self._parts:
            return {}
        relations = {}
        for entry in _all(self._tree(path), "Relationship"):
            target = entry.get("Target", "").replace("\\", "/")
            kind = entry.get("Type", "").rpartition("/")[2]
            relations[entry.get("Id", "")] = (kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
        return relations

    def count(self, length: int) -> None:
        """Count unpacked bytes. Raises ExtractRefused beyond the limit."""
        self._left -= length
        if self._left < 0:
            raise self._too_large()

    def _too_large(self) -> ExtractRefused:
        found = f"more, in {self.file.stat().st_size:,} bytes packed"
        return self.contract.refusal(self.file, f"at most {self._limit:,} bytes unpacked", found)


@contextmanager
def opened_package(contract: Contract, file: Path, max_bytes: int) -> Iterator[Package]:
    """The workbook in a file. Raises ExtractRefused."""
    with opened_archive(contract, file) as archive:
        yield Package(contract, file, archive, max_bytes)


class _Counted:
    """A part of a package, unpacked while it is read."""

    def __init__(self, package: Package, stream: Any) -> None:
        self._package, self._stream = package, stream

    def read(self, length: int) -> bytes:
        package = self._package
        with damage_is_refused(package.contract, package.file):
            content: bytes = self._stream.read(length)
        package.count(len(content))
        return content


class _Utf8:
    """A stream of XML for the parser, which takes everything as UTF-8: transcoded where it says another encoding.

    Raises ValueError and LookupError for bytes that are not of the encoding, and for a document type.
    """

    def __init__(self, stream: _Counted) -> None:
        self._chunks: Iterator[bytes] = self._marked(self._decoded(stream))
        self._ready, self._at, self.tail = b"", 0, b""

    def whole(self, most: int) -> bytes | None:
        """The whole content, or None if it is longer than this; then nothing has been read."""
        parts: list[bytes] = []
        while most >= 0 and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            most -= len(chunk)
        if most < 0:
            self._chunks = chain(parts, self._chunks)
            return None
        content = b"".join(parts)
        self.tail = content[-ENDS_BYTES:]
        return content

    def read(self, length: int) -> bytes:
        """At most `length` bytes; none at the end."""
        if self._at == len(self._ready):
            self._ready, self._at = next(self._chunks, b""), 0
            self.tail = self._ready[-ENDS_BYTES:] or self.tail
        content = self._ready[self._at : self._at + length]
        self._at += len(content)
        return content

    @staticmethod
    def _decoded(stream: _Counted) -> Iterator[bytes]:
        chunk = stream.read(STEP_BYTES)
        if b"<!DOCTYPE" in chunk:
            raise ValueError("a DOCTYPE")
        declared = _DECLARED.match(chunk)
        name = declared.group(1).decode() if declared else "utf-8"
        if chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            name = "utf-16"
        decode = codecs.getincrementaldecoder(name)().decode if codecs.lookup(name).name != "utf-8" else None
        while chunk:
            yield decode(chunk).encode() if decode else chunk
            chunk = stream.read(STEP_BYTES)

    @staticmethod
    def _marked(chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same XML with EMPTY_VALUE in empty elements `v`."""
        rest = b""
        for chunk in chunks:
            rest += chunk
            # No tag, and no element without content, may be cut in two.
            end = rest.rfind(b"<")
            while end > 0 and rest[end + 1 : end + 2] == b"/":
                end = rest.rfind(b"<", 0, end)
            ready, rest = rest[: max(end, 0)], rest[max(end, 0) :]
            if len(rest) > MAX_TEXT_BYTES:
                raise ValueError("a text longer than any cell holds")
            if _may_have_empty(ready):
                ready = _EMPTY.sub(_WITH_MARK, ready)
            if ready:
                yield ready
        if rest:
            yield _EMPTY.sub(_WITH_MARK, rest)


def _may_have_empty(content: bytes) -> bool:
    """Is there an element `v` that is empty or has attributes? The pattern `_EMPTY` takes many times as long."""
    import numpy as np

    signs = np.frombuffer(content, "u1")
    at = np.flatnonzero(signs[1:-3] == ord("v")) + 1
    at = at[(signs[at - 1] == ord("<")) | (signs[at - 1] == ord(":"))]
    after = signs[at + 1]
    is_closed = (after == ord(">")) & (signs[at + 2] == ord("<")) & (signs[at + 3] == ord("/"))
    return bool((is_closed | (after == ord("/")) | (after <= ord(" "))).any())


@cache
def _parser(name: str) -> xml2arrow.XmlToArrowParser:
    import xml2arrow

    return xml2arrow.XmlToArrowParser(str(Path(__file__).with_name(f"{name}.xml2arrow.yaml")))


def joined(numbers: pa.Array, texts: pa.Array, count: int) -> pa.Array:
    """Texts of several runs put together: `numbers` says, in order, to which of `count` texts each run belongs."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    of = np.asarray(numbers)
    if len(of) == count and (not count or (of == np.arange(count)).all()):
        return pc.fill_null(texts, "")
    offsets = np.searchsorted(of, np.arange(count + 1)).astype("int32")
    runs = pa.ListArray.from_arrays(pa.array(offsets), pc.fill_null(texts, ""))
    return pc.binary_join(runs, "")


def _words(error: Exception) -> str:
    """What the parser says of damage, without the texts that it quotes."""
    return re.sub("['`].*['`]", "…", str(error).splitlines()[0].split(" (")[0])


def _is_calculated(book: Any) -> bool:
    """Does the workbook say that its formulas were calculated?

    Programs that write formulas without calculating them ask for it at the next opening, or say nothing; Excel,
    LibreOffice and Google write how they calculated.
    """
    settings = _all(book, "calcPr")
    return bool(settings) and not any(
        s.get("fullCalcOnLoad") in _TRUE or s.get("forceFullCalc") in _TRUE or s.get("calcCompleted") in ("0", "false")
        for s in settings
    )


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def _all(tree: Any, name: str) -> list[Any]:
    return [element for element in tree.iter() if isinstance(element.tag, str) and _local(element.tag) == name]


def _key(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").casefold()
