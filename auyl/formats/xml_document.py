"""An XML file before its records are read: its encoding, its envelope, and where its root element ends."""

from __future__ import annotations

import codecs
import mmap
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auyl.contracts import Contract
from auyl.contracts.options import XmlOptions
from auyl.errors import ExtractRefused, shape
from auyl.formats.common import empty
from auyl.formats.containers import HEAD_BYTES
from auyl.formats.encoding import check_text

# A file in memory is parsed a fifth faster; each thread holds one of at most this size.
HELD_BYTES = 192 << 20
SCAN_BYTES = 1 << 18
# Of lxml: no entity is expanded, nothing is fetched.
SAFE_PARSER: dict[str, Any] = {"resolve_entities": False, "no_network": True, "huge_tree": False}
DECLARATION = re.compile(r"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._\-]+)[\"']")
ENCODINGS = frozenset(
    ("utf-8", "cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic", "kz1048", "ptcp154", "cp1252")
)
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
ROOT = re.compile(rb"<([^\s<>/?!][^\s<>/]*)")
# Editors and DOS copies leave these after the last line.
PADDING = b" \t\r\n\0\x1a"
# U+FFFE and U+FFFF.
NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
# A reference to a sign that XML has; what is written in another way is left to the strict parser.
REFERENCE = (
    rb"(?:amp|lt|gt|quot|apos|#(?:9|10|13|3[2-9]|[4-9][0-9]|[1-9][0-9]{2,3}"
    rb"|x(?:9|[aAdD]|[2-9a-fA-F][0-9a-fA-F]|0?[1-9a-fA-F][0-9a-fA-F]{2}|00[2-9a-fA-F][0-9a-fA-F]|[1-9a-cA-C][0-9a-fA-F]{3})));"
)
STRAY = re.compile(rb"&(?!%s)" % REFERENCE)
# In comments and CDATA it is a sign like others.
STRAY_OR_PLAIN = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|&(?!%s)" % REFERENCE, re.DOTALL)


@dataclass(frozen=True)
class Document:
    """A file, its text in UTF-8, the byte after the end of its root element, the root's name, its envelope."""

    contract: Contract
    file: Path
    text: Path
    end: int
    root: bytes
    envelope: dict[str, str]

    @contextmanager
    def content(self) -> Iterator[bytes | mmap.mmap]:
        """The text up to the end of the root element; of a large file the mapped whole."""
        with self.text.open("rb") as stream:
            if self.end <= HELD_BYTES:
                yield stream.read(self.end)
                return
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield mapped

    def tail(self) -> bytes:
        """The last of the text before the end of the root element."""
        with self.text.open("rb") as stream:
            stream.seek(max(0, self.end - HEAD_BYTES))
            return stream.read(min(HEAD_BYTES, self.end))

    def refusal(self, found: str, line: int | None) -> ExtractRefused:
        """The refusal for what is no XML."""
        return self.contract.refusal(
            self.file, "well-formed XML in UTF-8, or in the encoding that it declares", found, line
        )


def open_document(contract: Contract, file: Path, work: Path) -> Document:
    """Check what is before and after the records. Raises ExtractRefused for what cannot be complete or safe.

    The parser of the records accepts a truncated file as complete, so the end is checked here. After the root
    element there may be comments, processing instructions and padding.
    """
    text = _as_utf8(contract, file, work / f"utf8-{file.name}")
    with text.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        head = content[:HEAD_BYTES].removeprefix(codecs.BOM_UTF8)
        for sign in (b"<!DOCTYPE", b"<!ENTITY"):
            if sign in head:
                line = head[: head.find(sign)].count(b"\n") + 1
                raise contract.refusal(file, "no document type and no entities", "a DOCTYPE", line)
        envelope = _envelope(contract, file, head)
        root = ROOT.search(re.sub(rb"<!--.*?-->|<\?.*?\?>", b"", head, flags=re.DOTALL))
        name = root.group(1) if root else b""
        end = _end(contract, file, content, name)
    return Document(contract, file, text, end, name, envelope)


def encoding_of(contract: Contract, file: Path) -> tuple[str, bool]:
    """The encoding of a file by its byte order mark or its declaration; does it say UTF-8 or nothing of itself?

    Raises ExtractRefused for an encoding that is not among `ENCODINGS`.
    """
    with file.open("rb") as stream:
        head = stream.read(1024)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding, False
    declared = DECLARATION.match(head.removeprefix(codecs.BOM_UTF8).decode("latin-1"))
    name = declared.group(1) if declared else "UTF-8"
    try:
        encoding = codecs.lookup(name).name
    except LookupError:
        encoding = name
    # A declaration that can be read as ASCII is not in UTF-16: programs write that word whatever they write.
    if encoding.startswith("utf-16") or encoding == "ascii" or head.startswith(codecs.BOM_UTF8):
        encoding = "utf-8"
    if encoding not in ENCODINGS:
        raise contract.refusal(file, f"XML in one of {', '.join(sorted(ENCODINGS))}", f"encoding {shape(name)}", 1)
    return encoding, name.upper() == "UTF-8"


def decoded(file: Path, encoding: str) -> Iterator[str]:
    """The text of a file in pieces, without byte order mark; a byte that the encoding does not have is U+0001.

    No XML has that character, so the record that holds it is rejected.
    """
    codecs.register_error("no_xml", lambda error: ("\x01", error.end))  # type: ignore[attr-defined]
    decoder = codecs.getincrementaldecoder(encoding)("no_xml")
    is_first = True
    with file.open("rb") as source:
        while chunk := source.read(1 << 22):
            text = decoder.decode(chunk)
            yield text.removeprefix("\ufeff") if is_first else text
            is_first = False
    yield decoder.decode(b"", final=True)


def _as_utf8(contract: Contract, file: Path, target: Path) -> Path:
    encoding, is_utf8 = encoding_of(contract, file)
    if is_utf8:
        return file
    if not encoding.startswith("utf"):
        check_text(contract, file, encoding)
    with target.open("wb") as out:
        for number, text in enumerate(decoded(file, encoding)):
            # The parsers would obey the declaration.
            out.write((_declare_utf8(text) if number == 0 else text).encode())
    return target


def _declare_utf8(text: str) -> str:
    declared = DECLARATION.match(text)
    return text if declared is None else text[: declared.start(1)] + "UTF-8" + text[declared.end(1) :]


def _envelope(contract: Contract, file: Path, head: bytes) -> dict[str, str]:
    from lxml import etree

    steps = contract.options(XmlOptions).record_path
    envelope: dict[str, str] = {}
    name_of = {path: name for name, path in contract.envelope.items()}
    parser = etree.XMLPullParser(events=("start", "end"), **SAFE_PARSER)
    # What is wrong in a record or after the records is judged by their readers.
    record = re.search(rb"<(?:[^\s<>/:]+:)?%s[\s/>]" % re.escape(steps[-1].encode()), head)
    try:
        parser.feed((head[: record.start()] if record else head).lstrip())
        for event, path, element in with_paths(parser.read_events()):
            name = name_of.get("/" + "/".join(path))
            value = (element.text or "").strip()
            if event == "end" and name is not None and value and envelope.setdefault(name, value) != value:
                raise contract.refusal(file, f"one {name} in the envelope", "two that differ", column=name)
    except etree.XMLSyntaxError as error:
        raise contract.refusal(file, "well-formed XML in UTF-8", words_of(error.code), error.lineno) from error
    return envelope


def _end(contract: Contract, file: Path, content: mmap.mmap, root: bytes) -> int:
    end = len(content)
    while True:
        while end and content[end - 1] in PADDING:
            tail = content[max(0, end - HEAD_BYTES) : end]
            end -= len(tail) - len(tail.rstrip(PADDING))
        last = content[max(0, end - 3) : end]
        begin = {b"-->": b"<!--"}.get(last, b"<?" if last.endswith(b"?>") else b"")
        if not begin:
            break
        end = max(0, content.rfind(begin, 0, end - 2))
    closing = re.compile(rb"</%s\s*>" % re.escape(root))
    tag = content.rfind(b"</", 0, end)
    expected = f"</{root.decode(errors='replace')}> at its end"
    if tag >= 0 and closing.fullmatch(content, tag, end):
        return end
    if re.match(rb"<%s[^<>]*/>$" % re.escape(root), content[max(0, content.rfind(b"<", 0, end)) : end]):
        raise empty(contract, file, f"no element {'/'.join(contract.options(XmlOptions).record_path)}")
    earlier = closing.search(content)
    if earlier is not None:
        line = line_of(content, earlier.end())
        raise contract.refusal(file, f"nothing after {expected}", "something else, such as a second document", line)
    raise contract.refusal(file, expected, "a file cut short", line_of(content, len(content)))


def check_single(document: Document, content: bytes | mmap.mmap) -> None:
    """Refuse a file of several documents, one after the other. Raises ExtractRefused."""
    end = document.end
    # The end tag of the root before its end: a second document, or an element of the same name inside.
    if content.find(b"</" + document.root) == content.rfind(b"</", 0, end):
        return
    error = syntax_error(content[at : min(at + (1 << 20), end)] for at in range(0, end, 1 << 20))
    if error is not None:
        is_second = error[0] in ("document end", "reserved xml name")
        found = "a second document after the first" if is_second else error[0]
        expected = "one well-formed XML document in UTF-8"
        raise document.contract.refusal(document.file, expected, found, error[1])


def has_only_xml_signs(content: bytes | mmap.mmap, end: int) -> bool:
    """Are the first `end` bytes UTF-8 without control characters, unknown entities and ampersands that begin none?

    The fast parser looks for them in the elements of the contract alone.
    """
    import numpy
    import pyarrow

    whole = [None, pyarrow.py_buffer(numpy.array([0, end])), pyarrow.py_buffer(content)]
    try:
        pyarrow.Array.from_buffers(pyarrow.large_string(), 1, whole).validate(full=True)
    except pyarrow.ArrowInvalid:
        return False
    signs = numpy.frombuffer(content, "u1", end)
    for at in range(0, end, SCAN_BYTES):
        block = signs[at : at + SCAN_BYTES]
        control = block[block < 32]
        if ((control != 10) & (control != 13) & (control != 9)).any():
            return False
    # To look for a byte that is rare costs a tenth of what a text costs.
    if content.find(b"\xef", 0, end) >= 0 and any(content.find(text, 0, end) >= 0 for text in NONCHARACTERS):
        return False
    begin = content.find(b"&", 0, end)
    if begin < 0:
        return True
    if content.find(b"!", 0, end) < 0:
        return STRAY.search(content, begin, end) is None
    return not any(match[0] == b"&" for match in STRAY_OR_PLAIN.finditer(content, 0, end))


def line_of(content: bytes | mmap.mmap, position: int) -> int:
    """The line, from 1, that a byte is on."""
    return sum(content[at : min(at + (1 << 20), position)].count(b"\n") for at in range(0, position, 1 << 20)) + 1


def syntax_error(chunks: Iterable[bytes]) -> tuple[str, int] | None:
    """What a strict parser first objects to in a document, in words without content, and its line."""
    from lxml import etree

    parser = etree.XMLPullParser(events=("end",), **SAFE_PARSER)
    try:
        for chunk in chunks:
            parser.feed(chunk)
            for _, element in parser.read_events():
                element.clear(keep_tail=True)
                while element.getprevious() is not None:
                    del element.getparent()[0]
        parser.close()
    except etree.XMLSyntaxError as error:
        return words_of(error.code), error.lineno or 1
    return None


def words_of(code: int) -> str:
    """The type of an error of lxml in words: its message may quote the text."""
    from lxml import etree

    name = next((name for name, value in vars(etree.ErrorTypes).items() if value == code), "damage")
    return name.removeprefix("ERR_").replace("_", " ").lower()


def local_name(element: Any) -> str:
    """Local name of an element; of one with an undeclared prefix, what follows the prefix."""
    tag = str(element.tag)
    return tag[max(tag.rfind("}"), tag.rfind(":")) + 1 :]


def with_paths(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[str], Any]]:
    """Each event with the local names of the elements from the root to its element."""
    path: list[str] = []
    for event, element in events:
        if event == "start":
            path.append(local_name(element))
        yield event, path, element
        if event == "end":
            path.pop()
